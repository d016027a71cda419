"""The HTTP API: routes, authorizer, integration, permission, stage and the pages that may call it."""

import json

import pytest

from tests.components.capture import HTTP_API_ID, Resource, Stack, configuration_of, run_program

API = f"arn:aws:execute-api:eu-north-1:111122223333:{HTTP_API_ID}"
ROUTE = "aws:apigatewayv2/route:Route"
EVERYTHING, DOCUMENT, PREFLIGHT = "ANY /v1/{proxy+}", "GET /v1/openapi.json", "OPTIONS /v1/{proxy+}"
ORIGINS = ["https://console.example", "http://127.0.0.1:5173"]


@pytest.fixture(scope="module")
def with_page() -> Stack:
    """The stack that a page on another origin may call."""
    return run_program(configuration_of("dev", dependencies="runtime", httpOrigins=",".join(ORIGINS)))


def routes_of(stack: Stack) -> dict[str, Resource]:
    return {each.inputs["routeKey"]: each for each in stack.of(ROUTE) if each.inputs["apiId"] == HTTP_API_ID}


def test_every_path_but_the_document_needs_a_token(dev: Stack) -> None:
    kinds = {
        key: (route.inputs["authorizationType"], "authorizerId" in route.inputs)
        for key, route in routes_of(dev).items()
    }
    assert kinds == {EVERYTHING: ("JWT", True), DOCUMENT: ("NONE", False)}


def test_token_is_of_the_configured_issuer_and_audience(dev: Stack) -> None:
    authorizer = dev.one("aws:apigatewayv2/authorizer:Authorizer", "-http-authorizer").inputs
    assert authorizer["authorizerType"] == "JWT"
    assert authorizer["identitySources"] == ["$request.header.Authorization"]
    assert authorizer["jwtConfiguration"] == {
        "issuer": "https://tenant.eu.auth0.com/",
        "audiences": ["https://tickfold.example"],
    }
    assert authorizer["apiId"] == HTTP_API_ID


def test_routes_integrate_the_alias_of_the_function_by_proxy(dev: Stack) -> None:
    integration = dev.one("aws:apigatewayv2/integration:Integration", "-http-integration")
    assert {route.inputs["target"] for route in routes_of(dev).values()} == {
        f"integrations/integration-{integration.name}-1a2b3c4"
    }
    assert integration.inputs["integrationType"] == "AWS_PROXY"
    assert integration.inputs["payloadFormatVersion"] == "2.0"
    assert integration.inputs["integrationUri"].endswith(":function:tickfold-dev-http:live/invocations")
    assert integration.inputs["timeoutMilliseconds"] == 29_000


def test_permission_is_for_this_stage_and_its_paths_only(dev: Stack) -> None:
    assert dev.one("aws:lambda/permission:Permission", "-http-permission").inputs == {
        "action": "lambda:InvokeFunction",
        "function": "tickfold-dev-http",
        "qualifier": "live",
        "principal": "apigateway.amazonaws.com",
        "sourceArn": f"{API}/$default/*/v1/*",
    }


def test_no_page_of_another_origin_may_call_it_by_default(dev: Stack) -> None:
    assert "corsConfiguration" not in dev.one("aws:apigatewayv2/api:Api", "-http-api").inputs
    assert PREFLIGHT not in routes_of(dev)


def test_configured_origins_may_call_it_and_their_preflights_need_no_token(with_page: Stack) -> None:
    cors = with_page.one("aws:apigatewayv2/api:Api", "-http-api").inputs["corsConfiguration"]
    assert cors["allowOrigins"] == ORIGINS
    assert cors["allowMethods"] == ["GET", "POST", "PUT", "PATCH", "DELETE"]
    assert {"authorization", "content-type", "idempotency-key", "if-none-match"} == set(cors["allowHeaders"])
    assert {"etag", "location", "retry-after"} == set(cors["exposeHeaders"])
    assert "allowCredentials" not in cors  # tokens are no cookies
    routes = routes_of(with_page)
    assert routes[PREFLIGHT].inputs["authorizationType"] == "NONE"
    assert routes[EVERYTHING].inputs["authorizationType"] == "JWT"


def test_stage_is_the_default_one_deployed_and_throttled(dev: Stack) -> None:
    stage = dev.one("aws:apigatewayv2/stage:Stage", "-http-stage").inputs
    assert (stage["name"], stage["autoDeploy"]) == ("$default", True)
    assert stage["defaultRouteSettings"] == {
        "throttlingRateLimit": 50,
        "throttlingBurstLimit": 100,
        "detailedMetricsEnabled": True,
    }


def test_access_is_logged_without_tokens(dev: Stack) -> None:
    settings = dev.one("aws:apigatewayv2/stage:Stage", "-http-stage").inputs["accessLogSettings"]
    group = dev.one("aws:cloudwatch/logGroup:LogGroup", "-http-access-logs")
    assert settings["destinationArn"].endswith(f":log-group:{group.inputs['name']}")
    assert group.inputs["retentionInDays"] == 7
    logged = json.loads(settings["format"])
    assert all(value.startswith("$context.") for value in logged.values())
    assert not any("token" in value or "query" in value.lower() or "header" in value for value in logged.values())
    assert {"requestId", "method", "path", "status", "authorizerError"} <= logged.keys()


def test_stage_waits_for_routes_and_permission(dev: Stack) -> None:
    stage = dev.one("aws:apigatewayv2/stage:Stage", "-http-stage")
    needed = [*routes_of(dev).values(), dev.one("aws:lambda/permission:Permission", "-http-permission")]
    assert {resource.urn for resource in needed} <= dev.waits_for(stage)
