"""The program as a whole: which resources it creates, their parents, names, tags and protection, and its outputs.

Here and in the other files of this directory inputs are checked as the engine receives them; that AWS accepts them is
not shown.
"""

from collections import Counter

import pytest

from tests.components.capture import API_ID, ROOT, Resource, Stack, configuration_of, run_program

RESOURCES = {
    "aws:apigateway/account:Account": 1,
    "aws:apigatewayv2/api:Api": 2,
    "aws:apigatewayv2/authorizer:Authorizer": 2,
    "aws:apigatewayv2/integration:Integration": 4,
    "aws:apigatewayv2/route:Route": 5,
    "aws:apigatewayv2/stage:Stage": 2,
    "aws:athena/namedQuery:NamedQuery": 11,
    "aws:athena/workgroup:Workgroup": 1,
    "aws:cloudwatch/eventRule:EventRule": 7,
    "aws:cloudwatch/eventTarget:EventTarget": 8,
    "aws:cloudwatch/logGroup:LogGroup": 28,
    "aws:cloudwatch/metricAlarm:MetricAlarm": 3,
    "aws:dynamodb/table:Table": 7,
    "aws:glue/catalogDatabase:CatalogDatabase": 1,
    "aws:glue/catalogTable:CatalogTable": 13,
    "aws:iam/role:Role": 31,
    "aws:iam/rolePolicy:RolePolicy": 31,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": 1,
    "aws:lambda/alias:Alias": 24,
    "aws:lambda/eventSourceMapping:EventSourceMapping": 7,
    "aws:lambda/function:Function": 24,
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": 10,
    "aws:lambda/functionUrl:FunctionUrl": 1,
    "aws:lambda/permission:Permission": 15,
    "aws:s3/bucket:Bucket": 2,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": 2,
    "aws:s3/bucketLogging:BucketLogging": 1,
    "aws:s3/bucketObjectv2:BucketObjectv2": 1,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": 2,
    "aws:s3/bucketPolicy:BucketPolicy": 2,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": 2,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": 2,
    "aws:s3/bucketVersioning:BucketVersioning": 2,
    "aws:scheduler/schedule:Schedule": 7,
    "aws:secretsmanager/secret:Secret": 2,
    "aws:sfn/stateMachine:StateMachine": 1,
    "aws:sns/topic:Topic": 1,
    "aws:sns/topicPolicy:TopicPolicy": 1,
    "aws:sns/topicSubscription:TopicSubscription": 1,
    "aws:sqs/queue:Queue": 5,
    "aws:sqs/queuePolicy:QueuePolicy": 3,
}
ACCOUNT_RESOURCES = {
    "aws:apigateway/account:Account": 1,
    "aws:iam/role:Role": 1,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": 1,
}
CANNOT_HAVE_TAGS = {
    "aws:apigateway/account:Account",
    "aws:apigatewayv2/authorizer:Authorizer",
    "aws:apigatewayv2/integration:Integration",
    "aws:apigatewayv2/route:Route",
    "aws:athena/namedQuery:NamedQuery",
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:glue/catalogTable:CatalogTable",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:lambda/alias:Alias",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    "aws:lambda/functionUrl:FunctionUrl",
    "aws:lambda/permission:Permission",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLogging:BucketLogging",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:scheduler/schedule:Schedule",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:sqs/queuePolicy:QueuePolicy",
}


COMPONENTS = {
    "tickfold:aws:AccessLogBucket": 1,
    "tickfold:aws:AlarmTopic": 1,
    "tickfold:aws:ApiGatewayAccount": 1,
    "tickfold:aws:AthenaWorkgroup": 1,
    "tickfold:aws:Bucket": 1,
    "tickfold:aws:CronSchedule": 5,
    "tickfold:aws:DeadLetterQueue": 5,
    "tickfold:aws:ExecutionWatch": 1,
    "tickfold:aws:FunctionUrl": 1,
    "tickfold:aws:HttpApi": 1,
    "tickfold:aws:Package": 1,
    "tickfold:aws:PythonFunction": 24,
    "tickfold:aws:Schedule": 4,
    "tickfold:aws:Secret": 2,
    "tickfold:aws:StateMachine": 1,
    "tickfold:aws:Table": 7,
    "tickfold:aws:WebSocketApi": 1,
    "tickfold:index:Alerts": 1,
    "tickfold:index:Api": 1,
    "tickfold:index:Backtests": 1,
    "tickfold:index:DataLake": 1,
    "tickfold:index:MarketData": 1,
    "tickfold:index:Realtime": 1,
    "tickfold:index:Trading": 1,
}
LAKE = "tickfold:index:DataLake$tickfold:aws:Bucket$aws:s3/bucket:Bucket"
LOGS = "tickfold:index:DataLake$tickfold:aws:AccessLogBucket$aws:s3/bucket:Bucket"
OF_ALERTS = "tickfold:index:Alerts$tickfold:aws:Table$aws:dynamodb/table:Table"
OF_BACKTESTS = "tickfold:index:Backtests$tickfold:aws:Table$aws:dynamodb/table:Table"
OF_MARKET_DATA = "tickfold:index:MarketData$tickfold:aws:Table$aws:dynamodb/table:Table"
OF_REALTIME = "tickfold:index:Realtime$tickfold:aws:Table$aws:dynamodb/table:Table"
OF_TRADING = "tickfold:index:Trading$tickfold:aws:Table$aws:dynamodb/table:Table"
STATEFUL = {
    f"urn:pulumi:dev::tickfold::{LAKE}::tickfold-dev-lake",
    f"urn:pulumi:dev::tickfold::{LOGS}::tickfold-dev-logs",
    f"urn:pulumi:dev::tickfold::{OF_ALERTS}::tickfold-dev-alerts-table",
    f"urn:pulumi:dev::tickfold::{OF_BACKTESTS}::tickfold-dev-runs-table",
    f"urn:pulumi:dev::tickfold::{OF_BACKTESTS}::tickfold-dev-users-table",
    f"urn:pulumi:dev::tickfold::{OF_MARKET_DATA}::tickfold-dev-bars-table",
    f"urn:pulumi:dev::tickfold::{OF_REALTIME}::tickfold-dev-connections-table",
    f"urn:pulumi:dev::tickfold::{OF_REALTIME}::tickfold-dev-subscriptions-table",
    f"urn:pulumi:dev::tickfold::{OF_TRADING}::tickfold-dev-trading-table",
}
OUTPUTS = {
    "tickfold:index:DataLake": {"bucket": "tickfold-dev-lake-1a2b3c4", "database": "tickfold_dev"},
    "tickfold:index:Backtests": {
        "state_machine_arn": "arn:aws:states:eu-north-1:111122223333:stateMachine:tickfold-dev-backtest"
    },
    "tickfold:index:Alerts": {"alerts_table": "tickfold-dev-alerts"},
    "tickfold:index:MarketData": {"bars_table": "tickfold-dev-bars"},
    "tickfold:index:Trading": {"trading_table": "tickfold-dev-trading"},
    "tickfold:index:Api": {"http_url": "https://f6g7h8j9k0.execute-api.eu-north-1.amazonaws.com"},
    "tickfold:index:Realtime": {"websocket_url": "wss://a1b2c3d4e5.execute-api.eu-north-1.amazonaws.com/live"},
}


def created(stack: Stack) -> list[Resource]:
    return [resource for resource in stack.resources if not resource.is_component]


@pytest.mark.parametrize("stack_name", ["dev", "prod"])
def test_exactly_these_resources_are_created(stack_name: str, request: pytest.FixtureRequest) -> None:
    stack: Stack = request.getfixturevalue(stack_name)
    assert Counter(resource.token for resource in created(stack)) == RESOURCES


def test_program_is_made_of_these_components(dev: Stack) -> None:
    assert Counter(resource.token for resource in dev.resources if resource.is_component) == COMPONENTS


def test_stateful_resources_keep_their_urns_since_a_new_urn_is_a_new_resource(dev: Stack) -> None:
    stateful = [*dev.of("aws:s3/bucket:Bucket"), *dev.of("aws:dynamodb/table:Table")]
    assert {engine_urn(dev, resource) for resource in stateful} == STATEFUL


def engine_urn(stack: Stack, resource: Resource) -> str:
    """Return the URN that the engine would give: unlike the mock's it has the types of all parents."""
    parents = {each.urn: each for each in stack.resources if each.is_component}
    types, above = [resource.token], resource.parent
    while above in parents:
        types, above = [parents[above].token, *types], parents[above].parent
    return f"urn:pulumi:dev::tickfold::{'$'.join(types)}::{resource.name}"


@pytest.mark.parametrize("token", OUTPUTS)
def test_subsystem_registers_its_outputs(dev: Stack, token: str) -> None:
    assert dev.component_outputs[dev.one(token).urn] == OUTPUTS[token]


def test_every_component_registers_its_outputs(dev: Stack) -> None:
    components = [resource for resource in dev.resources if resource.is_component]
    assert [component.name for component in components if component.urn not in dev.component_outputs] == []
    assert [name for outputs in dev.component_outputs.values() for name, value in outputs.items() if not value] == []


def test_account_setting_not_owned_is_not_created() -> None:
    stack = run_program(configuration_of("dev", dependencies="runtime", ownApiGatewayAccount="false"))
    expected = Counter(RESOURCES)
    expected.subtract(ACCOUNT_RESOURCES)
    assert Counter(resource.token for resource in created(stack)) == +expected


def test_stack_outputs(dev: Stack) -> None:
    assert dev.outputs == {
        "region": "eu-north-1",
        "websocket_url": "wss://a1b2c3d4e5.execute-api.eu-north-1.amazonaws.com/live",
        "http_url": "https://f6g7h8j9k0.execute-api.eu-north-1.amazonaws.com",
        "connections_endpoint": "https://a1b2c3d4e5.execute-api.eu-north-1.amazonaws.com/live",
        "bucket": "tickfold-dev-lake-1a2b3c4",
        "state_machine_arn": "arn:aws:states:eu-north-1:111122223333:stateMachine:tickfold-dev-backtest",
        "connections_table": "tickfold-dev-connections",
        "subscriptions_table": "tickfold-dev-subscriptions",
        "users_table": "tickfold-dev-users",
        "runs_table": "tickfold-dev-runs",
        "athena_workgroup": "tickfold-dev",
        "athena_database": "tickfold_dev",
        "bars_table": "tickfold-dev-bars",
        "alerts_table": "tickfold-dev-alerts",
        "trading_table": "tickfold-dev-trading",
        "keys_secret": "arn:aws:secretsmanager:eu-north-1:111122223333:secret:tickfold-dev-market-data-1a2b3c",
        "schwab_tokens_secret": (
            "arn:aws:secretsmanager:eu-north-1:111122223333:secret:tickfold-dev-schwab-tokens-1a2b3c"
        ),
        "providers": '[{"name": "alpaca"}, {"name": "schwab"}]',
    }


def test_only_subsystems_and_the_package_are_at_the_top(dev: Stack) -> None:
    components = {resource.urn: resource for resource in dev.resources if resource.is_component}
    top = {each.token.rpartition(":")[2] for each in components.values() if each.parent not in components}
    subsystems = {"DataLake", "MarketData", "Backtests", "Trading", "Alerts", "Realtime", "Api"}
    assert top == {*subsystems, "Package", "AlarmTopic"}


def test_every_resource_belongs_to_a_component(dev: Stack) -> None:
    components = {resource.urn for resource in dev.resources if resource.is_component}
    assert [resource.name for resource in created(dev) if resource.parent not in components] == []


def test_every_name_begins_with_project_and_stack(dev: Stack) -> None:
    assert [r.name for r in dev.resources if not r.name.startswith("tickfold-dev")] == []
    assert [name for _, name in physical_names(dev) if "tickfold-dev" not in name and name != "tickfold_dev"] == []


# Their names are fixed by the thing they belong to, which has the stack in its name.
UNNAMED = {
    "aws:apigatewayv2/stage:Stage",
    "aws:athena/namedQuery:NamedQuery",
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:glue/catalogTable:CatalogTable",
    "aws:lambda/alias:Alias",
}


def physical_names(stack: Stack) -> set[tuple[str, str]]:
    """Return type and name of the resources that have one, but for the API's id in it: AWS makes that, unlike here."""
    named = ((r.token, r.inputs["name"]) for r in created(stack) if r.token not in UNNAMED and "name" in r.inputs)
    return {(token, name) for token, name in named if API_ID not in name}


def test_two_stacks_share_no_physical_name(dev: Stack, prod: Stack) -> None:
    names = [physical_names(stack) for stack in (dev, prod)]
    assert names[0].isdisjoint(names[1])
    assert len(names[0]) == len(names[1])


def test_every_resource_that_can_have_tags_has_them(dev: Stack) -> None:
    for resource in created(dev):
        expected = None if resource.token in CANNOT_HAVE_TAGS else {"project": "tickfold", "stack": "dev"}
        assert resource.inputs.get("tags") == expected, resource.name


def test_only_data_and_its_guards_are_protected_and_only_in_prod(dev: Stack, prod: Stack) -> None:
    assert [resource.name for resource in dev.resources if resource.protect] == []
    assert {resource.name for resource in prod.resources if resource.protect} == {
        "tickfold-prod-lake",
        "tickfold-prod-lake-access-logs",
        "tickfold-prod-lake-encryption",
        "tickfold-prod-lake-lifecycle",
        "tickfold-prod-lake-ownership",
        "tickfold-prod-lake-policy",
        "tickfold-prod-lake-public-access",
        "tickfold-prod-lake-versioning",
        "tickfold-prod-logs",
        "tickfold-prod-logs-encryption",
        "tickfold-prod-logs-lifecycle",
        "tickfold-prod-logs-ownership",
        "tickfold-prod-logs-policy",
        "tickfold-prod-logs-public-access",
        "tickfold-prod-logs-versioning",
        "tickfold-prod-connections-table",
        "tickfold-prod-subscriptions-table",
        "tickfold-prod-runs-table",
        "tickfold-prod-users-table",
        "tickfold-prod-bars-table",
        "tickfold-prod-alerts-table",
        "tickfold-prod-trading-table",
        "tickfold-prod-market-data-secret",
        "tickfold-prod-schwab-tokens-secret",
    }


def test_account_s_log_role_is_retained_on_delete(dev: Stack) -> None:
    assert {resource.name for resource in dev.resources if resource.retain_on_delete} == {
        "tickfold-dev-api-gateway-account",
        "tickfold-dev-api-gateway-push-logs",
        "tickfold-dev-api-gateway-role",
    }


def test_project_uses_the_virtual_environment_of_setup() -> None:
    project = (ROOT / "Pulumi.yaml").read_text()
    assert "virtualenv: .venv" in project
    assert "name: python" in project
