"""IAM: roles and their policies, which the emulator enforces on the calls of functions."""

import json
from typing import Any

from embedded.cloud import Cloud
from embedded.resources.creator import Inputs, Outputs, autoname, creates, pascal, pop_all, pop_tags

_UNSET_KEYS = ("cloudwatch:namespace",)


@creates("aws:iam/role:Role", ignores={"forceDetachPolicies": "nothing is destroyed before the emulator itself"})
def role(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    role_name = inputs.pop("name", None) or autoname(name)
    created = cloud.client("iam").create_role(
        RoleName=role_name,
        AssumeRolePolicyDocument=inputs.pop("assumeRolePolicy"),
        Tags=pop_tags(inputs),
        **pascal(pop_all(inputs)),
    )["Role"]
    return role_name, {"name": role_name, "arn": created["Arn"], "uniqueId": created["RoleId"]}


@creates("aws:iam/rolePolicy:RolePolicy")
def role_policy(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    policy_name, role_name = inputs.pop("name", None) or autoname(name), inputs.pop("role")
    document = _evaluable(json.loads(inputs.pop("policy")))
    cloud.client("iam").put_role_policy(RoleName=role_name, PolicyName=policy_name, PolicyDocument=json.dumps(document))
    return f"{role_name}:{policy_name}", {"name": policy_name}


@creates("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
def role_policy_attachment(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    role_name, policy_arn = inputs.pop("role"), inputs.pop("policyArn")
    cloud.client("iam").attach_role_policy(RoleName=role_name, PolicyArn=policy_arn)
    return f"{role_name}-{policy_arn}", {}


def _evaluable(policy: dict[str, Any]) -> dict[str, Any]:
    """Return the policy without conditions on keys that the emulator never sets, which would deny every request."""
    statements = [
        {key: value for key, value in statement.items() if key != "Condition" or not _is_unset(value)}
        for statement in policy["Statement"]
    ]
    return policy | {"Statement": statements}


def _is_unset(condition: dict[str, dict[str, Any]]) -> bool:
    return any(key in _UNSET_KEYS for values in condition.values() for key in values)
