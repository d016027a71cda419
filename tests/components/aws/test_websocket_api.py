"""The WebSocket API: routes, integrations, permissions, the stage."""

import json

import pytest

from components.aws.websocket_api import management_endpoint
from tests.components.capture import API_ID, Resource, Stack

API = "arn:aws:execute-api:eu-north-1:111122223333:a1b2c3d4e5"
ROUTES = {"$connect": "connect", "$disconnect": "disconnect", "$default": "message"}


def routes_of(stack: Stack) -> list[Resource]:
    return [route for route in stack.of("aws:apigatewayv2/route:Route") if route.inputs["apiId"] == API_ID]


def test_api_is_websocket_and_routes_by_message_type(dev: Stack) -> None:
    api = dev.one("aws:apigatewayv2/api:Api", "-dev-api")
    assert api.inputs["protocolType"] == "WEBSOCKET"
    assert api.inputs["routeSelectionExpression"] == "$request.body.type"


def test_api_has_three_routes(dev: Stack) -> None:
    assert {route.inputs["routeKey"] for route in routes_of(dev)} == set(ROUTES)


@pytest.mark.parametrize("key", ROUTES)
def test_route_integrates_the_alias_of_its_function_by_proxy(dev: Stack, key: str) -> None:
    route = dev.one("aws:apigatewayv2/route:Route", f"-{key[1:]}-route")
    integration = dev.one("aws:apigatewayv2/integration:Integration", f"-{key[1:]}-integration")
    assert route.inputs["routeKey"] == key
    assert route.inputs["target"] == f"integrations/integration-{integration.name}-1a2b3c4"
    assert integration.inputs["integrationType"] == "AWS_PROXY"
    assert integration.inputs["integrationMethod"] == "POST"
    assert integration.inputs["integrationUri"].endswith(f":function:tickfold-dev-{ROUTES[key]}:live/invocations")
    assert integration.inputs["timeoutMilliseconds"] == 29_000  # the most that API Gateway allows


@pytest.mark.parametrize("key", ROUTES)
def test_permission_is_for_this_stage_and_route_only(dev: Stack, key: str) -> None:
    permission = dev.one("aws:lambda/permission:Permission", f"-{key[1:]}-permission")
    assert permission.inputs == {
        "action": "lambda:InvokeFunction",
        "function": f"tickfold-dev-{ROUTES[key]}",
        "qualifier": "live",
        "principal": "apigateway.amazonaws.com",
        "sourceArn": f"{API}/live/{key}",
    }


def test_connect_alone_has_the_authorizer(dev: Stack) -> None:
    authorizer = dev.one("aws:apigatewayv2/authorizer:Authorizer", "-connect-authorizer")
    assert authorizer.inputs["authorizerType"] == "REQUEST"
    assert authorizer.inputs["authorizerUri"].endswith(":function:tickfold-dev-authorize:live/invocations")
    # A source that a handshake lacks would keep it from the function; a token may come in either of two.
    assert authorizer.inputs["identitySources"] == []
    connect = dev.one("aws:apigatewayv2/route:Route", "-connect-route")
    assert connect.inputs["authorizationType"] == "CUSTOM"
    assert connect.inputs["authorizerId"] == authorizer.inputs["name"]  # AWS would refuse one on another route
    others = [route for route in routes_of(dev) if route is not connect]
    assert [("authorizerId" in route.inputs, route.inputs["authorizationType"]) for route in others] == [
        (False, "NONE"),
        (False, "NONE"),
    ]


def test_permission_of_the_authorizer_is_for_this_api_only(dev: Stack) -> None:
    permission = dev.one("aws:lambda/permission:Permission", "-connect-authorizer-permission")
    assert permission.inputs == {
        "action": "lambda:InvokeFunction",
        "function": "tickfold-dev-authorize",
        "qualifier": "live",
        "principal": "apigateway.amazonaws.com",
        "sourceArn": f"{API}/authorizers/tickfold-dev-connect-authorizer",
    }


def test_stage_is_named_auto_deployed_and_throttled(dev: Stack) -> None:
    stage = dev.one("aws:apigatewayv2/stage:Stage", "-dev-stage").inputs
    assert stage["name"] == "live"
    assert stage["autoDeploy"] is True
    assert "deploymentId" not in stage
    settings = stage["defaultRouteSettings"]
    assert settings["throttlingRateLimit"] == 50
    assert settings["throttlingBurstLimit"] == 100
    assert settings["loggingLevel"] == "ERROR"
    assert settings["detailedMetricsEnabled"] is True
    # Data traces would put clients' messages and tokens into the logs.
    assert settings["dataTraceEnabled"] is False


def test_access_is_logged_as_json(dev: Stack) -> None:
    settings = dev.one("aws:apigatewayv2/stage:Stage", "-dev-stage").inputs["accessLogSettings"]
    group = dev.one("aws:cloudwatch/logGroup:LogGroup", "-dev-access-logs")
    assert settings["destinationArn"] == f"arn:aws:logs:eu-north-1:111122223333:log-group:{group.inputs['name']}"
    logged = json.loads(settings["format"])
    assert all(value.startswith("$context.") for value in logged.values())
    assert not any("token" in value or "query" in value.lower() or "header" in value for value in logged.values())
    assert logged == {
        "requestId": "$context.requestId",
        "requestTime": "$context.requestTime",
        "ip": "$context.identity.sourceIp",
        "eventType": "$context.eventType",
        "routeKey": "$context.routeKey",
        "connectionId": "$context.connectionId",
        "status": "$context.status",
        "integrationStatus": "$context.integrationStatus",
        "integrationLatency": "$context.integrationLatency",
        "error": "$context.error.message",
        "integrationError": "$context.integrationErrorMessage",
    }


def test_log_group_of_executions_is_declared_before_the_stage(dev: Stack) -> None:
    """API Gateway makes it otherwise, without an end. REST APIs have another name for theirs."""
    group = dev.one("aws:cloudwatch/logGroup:LogGroup", "-execution-logs")
    assert group.inputs["name"] == "/aws/apigateway/a1b2c3d4e5/live"
    assert (
        group.inputs["retentionInDays"]
        == dev.one("aws:cloudwatch/logGroup:LogGroup", "-dev-access-logs").inputs["retentionInDays"]
    )
    assert group.urn in dev.waits_for(dev.one("aws:apigatewayv2/stage:Stage", "-dev-stage"))


def test_stage_depends_on_routes_permissions_and_log_role(dev: Stack) -> None:
    stage = dev.one("aws:apigatewayv2/stage:Stage", "-dev-stage")
    tokens = ["aws:apigatewayv2/route:Route", "aws:lambda/permission:Permission", "aws:apigateway/account:Account"]
    needed = [resource for token in tokens for resource in dev.of(token) if "-http-" not in resource.name]
    own = [each for each in needed if each.inputs.get("principal", "apigateway.amazonaws.com").startswith("apigateway")]
    assert len(own) == 3 + 4 + 1
    assert {resource.urn for resource in own} <= dev.waits_for(stage)


def test_no_function_depends_on_the_stage(dev: Stack) -> None:
    stage = dev.one("aws:apigatewayv2/stage:Stage", "-dev-stage")
    functions = dev.of("aws:lambda/function:Function")
    assert [function.name for function in functions if stage.urn in dev.waits_for(function)] == []


def test_log_role_setting_depends_on_the_role_s_policy(dev: Stack) -> None:
    account = dev.one("aws:apigateway/account:Account")
    attachment = dev.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert attachment.urn in account.depends_on
    assert attachment.inputs["policyArn"].endswith("/AmazonAPIGatewayPushToCloudWatchLogs")


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("wss://api.example/live", "https://api.example/live"),
        ("ws://127.0.0.1:4566/_aws/execute-api/a/live", "http://127.0.0.1:4566/_aws/execute-api/a/live"),
    ],
)
def test_management_endpoint_has_the_address_of_the_websocket_url(url: str, endpoint: str) -> None:
    assert management_endpoint(url) == endpoint
