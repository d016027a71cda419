"""Every role has the rights that it needs and no more: without any one of them a need is unmet.

The emulator enforces IAM on what functions call, but not on what services do with a role (the state machine's tasks,
its Distributed Map, logs and traces, API Gateway's invocations); that is evaluated here.
"""

import copy
import json
from typing import Any

import pytest

from tests.components.capture import API_ID, HTTP_API_ID, Resource, Stack, captured
from tests.components.iam import (
    Document,
    Policies,
    is_allowed,
    is_refused_by_resource,
    policies_of,
    policy_mistakes,
    resource_formats,
    service_is_allowed,
)
from tests.components.needs import ALL_NEEDS, LOG_DELIVERY, TRACING, unmet
from tickfold.storage import layout

POLICIES = policies_of(captured("dev"))
TABLE = "arn:aws:dynamodb:eu-north-1:111122223333:table/tickfold-dev-runs"
STATEMENTS = [
    (role, policy, index)
    for role, policies in POLICIES.items()
    for policy, document in policies.items()
    for index in range(len(document["Statement"]))
]


def parts(kind: str) -> list[tuple[str, str, int, str]]:
    """Every action or resource of every statement."""
    return [(*place, part) for place in STATEMENTS for part in statement_at(POLICIES, *place)[kind]]


def statement_at(policies: Policies, role: str, policy: str, index: int) -> dict[str, Any]:
    statement: dict[str, Any] = policies[role][policy]["Statement"][index]
    return statement


def without(role: str, policy: str, index: int, kind: str, part: str) -> Policies:
    policies = copy.deepcopy(POLICIES)
    statement = statement_at(policies, role, policy, index)
    statement[kind].remove(part)
    if not statement[kind]:
        policies[role][policy]["Statement"].remove(statement)
    return policies


def test_roles_meet_every_need() -> None:
    assert [str(need) for need in unmet(POLICIES, ALL_NEEDS)] == []


@pytest.mark.parametrize(("role", "policy", "index", "action"), parts("Action"))
def test_role_without_one_action_lacks_it(role: str, policy: str, index: int, action: str) -> None:
    missing = unmet(without(role, policy, index, "Action", action), ALL_NEEDS)
    assert missing
    assert {(need.role, need.action) for need in missing} == {(role, action)}
    assert str(missing[0]).startswith(f"{role} lacks {action} on ")


@pytest.mark.parametrize(("role", "policy", "index", "resource"), parts("Resource"))
def test_role_without_one_resource_lacks_a_need(role: str, policy: str, index: int, resource: str) -> None:
    missing = unmet(without(role, policy, index, "Resource", resource), ALL_NEEDS)
    assert missing
    assert {need.role for need in missing} == {role}


IAM_HAS_NO_RESOURCE = {
    "cloudwatch:PutMetricData": "metrics belong to the account; a condition names the namespace",
    **{
        f"logs:{action}": "vended log delivery and its resource policy belong to the account" for action in LOG_DELIVERY
    },
    "dynamodb:ListStreams": "streams are listed for the account",
    **{f"xray:{action}": "traces and sampling rules belong to the account" for action in TRACING},
}
CONDITION_INSTEAD = {
    "ses:SendEmail": "the identity is the sender or its domain, and in the sandbox the recipient's too; a condition "
    "names the sender",
}
ON_ALL = {**IAM_HAS_NO_RESOURCE, **CONDITION_INSTEAD}
PREFIXES = [
    value for value in vars(layout).values() if isinstance(value, str) and value.endswith("/") and value != layout.DATA
]
OBJECTS = [f"arn:aws:s3:::{captured('dev').outputs['bucket']}/{prefix}probe" for prefix in PREFIXES]


def is_of_need(resource: str, needed: set[str]) -> bool:
    """Tell whether `resource` is one of `needed`, or an object that lies beside one under the layout's prefix."""
    return resource in needed or (
        resource in OBJECTS and any(other.startswith(resource.removesuffix("probe")) for other in needed)
    )


@pytest.mark.parametrize("role", POLICIES)
def test_role_allows_nothing_beyond_its_needs(role: str) -> None:
    actions = {need.action for need in ALL_NEEDS} - ON_ALL.keys()
    resources = {need.resource for need in ALL_NEEDS} - {"*"} | set(OBJECTS)
    excess = []
    for action in sorted(actions):
        needed = {need.resource for need in ALL_NEEDS if (need.role, need.action) == (role, action)}
        context = {"s3:prefix": f"{layout.SERIES}AAPL/"}
        others = [resource for resource in sorted(resources) if not is_of_need(resource, needed)]
        excess += [
            f"{role} may {action} on {r}" for r in others if is_allowed(POLICIES[role].values(), action, r, context)
        ]
    assert excess == []


def test_only_series_may_be_listed() -> None:
    role = next(role for role in POLICIES if "-message-" in role)
    bucket = f"arn:aws:s3:::{captured('dev').outputs['bucket']}"
    for prefix in ("", "data/", "data/bars/", "lambda/"):
        assert not is_allowed(POLICIES[role].values(), "s3:ListBucket", bucket, {"s3:prefix": prefix})
    assert not is_allowed(POLICIES[role].values(), "s3:ListBucket", bucket)


# --- who may assume a role -------------------------------------------------------------------------------------------

MACHINE = "arn:aws:states:eu-north-1:111122223333:stateMachine:tickfold-dev-backtest"
SERVICES = ["lambda.amazonaws.com", "states.amazonaws.com", "apigateway.amazonaws.com", "scheduler.amazonaws.com"]
FROM_MACHINE = {"aws:SourceArn": MACHINE, "aws:SourceAccount": "111122223333"}


def trust_of(role: Resource) -> Document:
    document: Document = json.loads(role.inputs["assumeRolePolicy"])
    return document


def assuming_service(role: Resource) -> str:
    if "backtest" in role.name:
        return "states.amazonaws.com"
    if "schedule" in role.name:
        return "scheduler.amazonaws.com"
    return "apigateway.amazonaws.com" if "api-gateway" in role.name else "lambda.amazonaws.com"


@pytest.mark.parametrize("role", captured("dev").of("aws:iam/role:Role"), ids=lambda role: role.name)
@pytest.mark.parametrize("service", SERVICES)
def test_role_is_assumed_by_its_service_only(role: Resource, service: str) -> None:
    allowed = service_is_allowed(trust_of(role), service, "sts:AssumeRole", "*", FROM_MACHINE)
    assert allowed == (service == assuming_service(role))


@pytest.mark.parametrize(
    ("source", "account", "allowed"),
    [
        (MACHINE, "111122223333", True),
        (f"{MACHINE}/Simulate", "111122223333", True),
        (f"{MACHINE}/Simulate:5c0f", "111122223333", True),
        (MACHINE.replace(":stateMachine:", ":activity:"), "111122223333", False),
        (MACHINE.replace("eu-north-1", "us-east-1"), "111122223333", False),
        (MACHINE.replace("111122223333", "444455556666"), "444455556666", False),
        (MACHINE, "444455556666", False),
    ],
)
def test_workflow_role_trusts_machines_of_its_account_and_region_only(
    dev: Stack, source: str, account: str, allowed: bool
) -> None:
    role = dev.one("aws:iam/role:Role", "-backtest-role")
    context = {"aws:SourceArn": source, "aws:SourceAccount": account}
    assert service_is_allowed(trust_of(role), "states.amazonaws.com", "sts:AssumeRole", "*", context) == allowed


# --- API Gateway invokes the functions -------------------------------------------------------------------------------

ALL_PERMISSIONS = captured("dev").of("aws:lambda/permission:Permission")
PERMISSIONS = [permission for permission in ALL_PERMISSIONS if permission.inputs["principal"] != "*"]
OF_API = [permission for permission in PERMISSIONS if permission.inputs["principal"] == "apigateway.amazonaws.com"]
OF_ROUTES = [permission for permission in OF_API if "/authorizers/" not in permission.inputs["sourceArn"]]


def refused_routes(stack: Stack, permissions: list[Resource]) -> list[str]:
    """Return the routes whose function API Gateway may not invoke with `permissions`."""
    return [
        route.inputs["routeKey"]
        for route in stack.of("aws:apigatewayv2/route:Route")
        if not invocation_is_allowed(permissions, target_of(stack, route), source_of(route))
    ]


def target_of(stack: Stack, route: Resource) -> str:
    integration = route.inputs["target"].removeprefix("integrations/integration-").removesuffix("-1a2b3c4")
    uri: str = stack.one("aws:apigatewayv2/integration:Integration", integration).inputs["integrationUri"]
    return uri.partition("/functions/")[2].removesuffix("/invocations")


STAGES = {API_ID: "live", HTTP_API_ID: "$default"}


def source_of(route: Resource, stage: str = "", api: str = "") -> str:
    """Return what API Gateway presents: of a WebSocket route its key, of an HTTP route method and path."""
    api = api or route.inputs["apiId"]
    stage = stage or STAGES[route.inputs["apiId"]]
    key = route.inputs["routeKey"].replace(" ", "")
    return f"arn:aws:execute-api:eu-north-1:111122223333:{api}/{stage}/{key}"


def invocation_is_allowed(
    permissions: list[Resource], function_arn: str, source_arn: str, service: str = "apigateway.amazonaws.com"
) -> bool:
    statements = [
        {
            "Effect": "Allow",
            "Principal": {"Service": permission.inputs["principal"]},
            "Action": permission.inputs["action"],
            "Resource": "arn:aws:lambda:eu-north-1:111122223333:function:"
            f"{permission.inputs['function']}:{permission.inputs['qualifier']}",
            "Condition": {"ArnLike": {"aws:SourceArn": permission.inputs["sourceArn"]}},
        }
        for permission in permissions
    ]
    context = {"aws:SourceArn": source_arn}
    return service_is_allowed({"Statement": statements}, service, "lambda:InvokeFunction", function_arn, context)


def test_api_gateway_may_invoke_every_route_s_function(dev: Stack) -> None:
    assert refused_routes(dev, PERMISSIONS) == []


@pytest.mark.parametrize("permission", OF_ROUTES, ids=lambda permission: permission.name)
def test_route_without_its_permission_is_refused(dev: Stack, permission: Resource) -> None:
    others = [other for other in PERMISSIONS if other is not permission]
    of_http = ["ANY /v1/{proxy+}", "GET /v1/openapi.json"]
    expected = of_http if "-http-" in permission.name else [permission.inputs["sourceArn"].rpartition("/")[2]]
    assert sorted(refused_routes(dev, others)) == expected


@pytest.mark.parametrize(("stage", "api"), [("other", ""), ("", "z9y8x7w6v5")])
def test_other_stages_and_apis_have_no_permission(dev: Stack, stage: str, api: str) -> None:
    for route in dev.of("aws:apigatewayv2/route:Route"):
        assert not invocation_is_allowed(PERMISSIONS, target_of(dev, route), source_of(route, stage, api))


def test_authorizer_permission_allows_nothing_else(dev: Stack) -> None:
    authorizer = dev.one("aws:apigatewayv2/authorizer:Authorizer", "-connect-authorizer").inputs
    function = authorizer["authorizerUri"].partition("/functions/")[2].removesuffix("/invocations")
    source = f"arn:aws:execute-api:eu-north-1:111122223333:a1b2c3d4e5/authorizers/{authorizer['name']}"
    assert invocation_is_allowed(PERMISSIONS, function, source)
    assert not invocation_is_allowed(OF_ROUTES, function, source)
    assert not invocation_is_allowed(PERMISSIONS, function, f"{source}-other")
    for route in dev.of("aws:apigatewayv2/route:Route"):
        assert not invocation_is_allowed(PERMISSIONS, function, source_of(route))
        assert not invocation_is_allowed(PERMISSIONS, target_of(dev, route), source)


@pytest.mark.parametrize(
    ("function", "rule"),
    [("report-failure", "tickfold-dev-backtest-unsuccessful"), ("reconcile", "tickfold-dev-reconcile")],
)
def test_only_its_rule_may_invoke_a_function_in_the_background(dev: Stack, function: str, rule: str) -> None:
    (target,) = (
        each.inputs["arn"] for each in dev.of("aws:cloudwatch/eventTarget:EventTarget") if each.inputs["rule"] == rule
    )
    arn = f"arn:aws:events:eu-north-1:111122223333:rule/{rule}"
    assert target.endswith(f":function:tickfold-dev-{function}:live")
    assert invocation_is_allowed(PERMISSIONS, target, arn, "events.amazonaws.com")
    assert not invocation_is_allowed(OF_API, target, arn, "events.amazonaws.com")
    assert not invocation_is_allowed(PERMISSIONS, target, f"{arn}-other", "events.amazonaws.com")


def test_only_the_page_of_links_is_open_to_everybody_and_only_by_its_url(dev: Stack) -> None:
    anybody = [permission.inputs for permission in ALL_PERMISSIONS if permission.inputs["principal"] == "*"]
    assert {each["function"] for each in anybody} == {"tickfold-dev-follow-link"}
    assert {each["qualifier"] for each in anybody} == {"live"}
    conditions = {
        each["action"]: (each.get("functionUrlAuthType"), each.get("invokedViaFunctionUrl")) for each in anybody
    }
    assert conditions == {"lambda:InvokeFunctionUrl": ("NONE", None), "lambda:InvokeFunction": (None, True)}
    assert dev.one("aws:lambda/functionUrl:FunctionUrl").inputs["qualifier"] == "live"


# --- the bucket's own policy -----------------------------------------------------------------------------------------


def bucket_policy(stack: Stack, bucket: str) -> Document:
    policy = stack.one("aws:s3/bucketPolicy:BucketPolicy", f"{bucket}-policy")
    document: Document = json.loads(policy.inputs["policy"])
    return document


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"])
@pytest.mark.parametrize("suffix", ["", "/data/series/AAPL/1d.json"])
@pytest.mark.parametrize("bucket", ["lake", "logs"])
def test_bucket_refuses_plain_http_and_nothing_else(dev: Stack, bucket: str, action: str, suffix: str) -> None:
    resource = f"arn:aws:s3:::tickfold-dev-{bucket}-1a2b3c4{suffix}"
    assert is_refused_by_resource(bucket_policy(dev, bucket), action, resource, secure=False)
    assert not is_refused_by_resource(bucket_policy(dev, bucket), action, resource, secure=True)


@pytest.mark.parametrize(
    ("bucket", "key", "source", "allowed"),
    [
        ("logs", "s3/2026-01-31", "tickfold-dev-lake-1a2b3c4", True),
        ("logs", "s3/2026-01-31", "tickfold-dev-logs-1a2b3c4", False),
        ("logs", "s3/2026-01-31", "somebody-elses-bucket", False),
        ("logs", "2026-01-31", "tickfold-dev-lake-1a2b3c4", False),
        ("lake", "logs/2026-01-31", "tickfold-dev-lake-1a2b3c4", False),
        ("lake", "lambda/code.zip", "tickfold-dev-lake-1a2b3c4", False),
    ],
)
def test_only_the_log_bucket_accepts_access_logs_of_the_lake_only(
    dev: Stack, bucket: str, key: str, source: str, allowed: bool
) -> None:
    resource = f"arn:aws:s3:::tickfold-dev-{bucket}-1a2b3c4/{key}"
    context = {"aws:SourceArn": f"arn:aws:s3:::{source}"}
    service = "logging.s3.amazonaws.com"
    assert service_is_allowed(bucket_policy(dev, bucket), service, "s3:PutObject", resource, context) == allowed


# --- what a policy must not say --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "policy", "index"), STATEMENTS)
def test_statement_has_no_wildcard_action_and_no_needless_wildcard_resource(role: str, policy: str, index: int) -> None:
    statement = statement_at(POLICIES, role, policy, index)
    assert [action for action in statement["Action"] if "*" in action] == []
    if "*" in statement["Resource"]:
        assert [action for action in statement["Action"] if action not in ON_ALL] == []
        assert statement["Resource"] == ["*"]


WITH_MAIL = tuple(f"tickfold-dev-{function}-" for function in ("message", "http", "send"))


def test_mail_is_from_the_sender_only() -> None:
    for role in POLICIES:
        may = {
            sender: is_allowed(POLICIES[role].values(), "ses:SendEmail", "*", {"ses:FromAddress": sender})
            for sender in ("alerts@tickfold.example", "ceo@tickfold.example")
        }
        assert may == {
            "alerts@tickfold.example": role.startswith(WITH_MAIL),
            "ceo@tickfold.example": False,
        }


@pytest.mark.parametrize("action", IAM_HAS_NO_RESOURCE)
def test_action_on_all_resources_takes_no_resource(action: str) -> None:
    assert resource_formats(action) == {"*"}


def test_roles_have_inline_policies_only(dev: Stack) -> None:
    for role in dev.of("aws:iam/role:Role"):
        assert "managedPolicyArns" not in role.inputs
        assert "inlinePolicies" not in role.inputs
    attached = [attachment.inputs["role"] for attachment in dev.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")]
    assert attached == ["tickfold-dev-api-gateway-role-1a2b3c4"]


@pytest.mark.parametrize(
    ("policy", "document"),
    [(name, document) for policies in POLICIES.values() for name, document in policies.items()],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_role_policy_has_no_mistakes(policy: str, document: Document) -> None:
    intended = {f"{action} does not take *" for action in CONDITION_INSTEAD}
    assert set(policy_mistakes(document)) <= intended


@pytest.mark.parametrize("bucket", ["lake", "logs"])
def test_bucket_policy_has_no_mistakes(dev: Stack, bucket: str) -> None:
    assert policy_mistakes(bucket_policy(dev, bucket)) == []


@pytest.mark.parametrize(
    ("action", "resource", "mistake"),
    [
        ("s3:GetObjekt", "arn:aws:s3:::bucket/*", "unknown action s3:GetObjekt"),
        ("s4:GetObject", "arn:aws:s3:::bucket/*", "unknown action s4:GetObject"),
        ("s3:GetObject", "arn:aws:s3:::bucket", "s3:GetObject does not take arn:aws:s3:::bucket"),
        ("s3:ListBucket", "arn:aws:s3:::bucket/*", "s3:ListBucket does not take arn:aws:s3:::bucket/*"),
        ("dynamodb:GetItem", f"{TABLE}/index/by_user", f"dynamodb:GetItem does not take {TABLE}/index/by_user"),
        ("s3:GetObject", "*", "s3:GetObject does not take *"),
        ("xray:PutTraceSegments", f"{MACHINE}", f"xray:PutTraceSegments does not take {MACHINE}"),
        ("states:StopExecution", f"{MACHINE}", f"states:StopExecution does not take {MACHINE}"),
        (
            "states:StartExecution",
            "arn:aws:lambda:eu-north-1:111122223333:function:f",
            "states:StartExecution does not take arn:aws:lambda:eu-north-1:111122223333:function:f",
        ),
    ],
)
def test_policy_mistakes_are_found(action: str, resource: str, mistake: str) -> None:
    statement = {"Effect": "Allow", "Action": [action], "Resource": [resource]}
    assert policy_mistakes({"Version": "2012-10-17", "Statement": [statement]}) == [mistake]
