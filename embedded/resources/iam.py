"""IAM: roles and their policies, which the emulator enforces on the calls of functions."""

from embedded.cloud import Cloud
from embedded.resources.creator import Inputs, Outputs, autoname, creates, pascal, pop_all, pop_tags


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
    cloud.client("iam").put_role_policy(RoleName=role_name, PolicyName=policy_name, PolicyDocument=inputs.pop("policy"))
    return f"{role_name}:{policy_name}", {"name": policy_name}


@creates("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
def role_policy_attachment(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    role_name, policy_arn = inputs.pop("role"), inputs.pop("policyArn")
    cloud.client("iam").attach_role_policy(RoleName=role_name, PolicyArn=policy_arn)
    return f"{role_name}-{policy_arn}", {}
