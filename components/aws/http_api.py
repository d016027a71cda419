"""An HTTP API: every path under `/v1` to one function, for callers with a token of the issuer; one stage."""

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.python_function import PythonFunction

# Without a name in the URL.
STAGE = "$default"
INTEGRATION_TIMEOUT_MILLISECONDS = 29_000

_PREFIX = "/v1"
_EVERYTHING = f"{_PREFIX}/{{proxy+}}"
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_REQUEST_HEADERS = ["authorization", "content-type", "idempotency-key", "if-none-match"]
_ANSWER_HEADERS = ["etag", "location", "retry-after"]
_PREFLIGHT_SECONDS = 3_600
# No query string and no header: the token is in one.
_ACCESS_LOG = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "routeKey": "$context.routeKey",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "integrationStatus": "$context.integrationStatus",
    "integrationLatency": "$context.integrationLatency",
    "error": "$context.error.message",
    "authorizerError": "$context.authorizer.error",
    "integrationError": "$context.integrationErrorMessage",
}


class HttpApi(pulumi.ComponentResource):
    """The API, with a JWT authorizer of its own. It needs no log role of the account, unlike a WebSocket API."""

    log_group: aws.cloudwatch.LogGroup
    api: aws.apigatewayv2.Api
    url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        function: PythonFunction,
        issuer: str,
        audience: str,
        public: Sequence[str],
        origins: Sequence[str],
        throttling_rate: int,
        throttling_burst: int,
        log_retention_days: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the API of `function`.

        Requests need a token that `issuer` has signed for `audience`, but for GET of the paths `public`. Pages of
        `origins` may call it. It accepts `throttling_rate` requests a second and bursts of `throttling_burst`.
        """
        super().__init__("tickfold:aws:HttpApi", name, None, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        self.log_group = self._create_log_group(log_retention_days)
        self.api = self._create_api(origins)
        self.url = self.api.api_endpoint
        integration = self._integrate(function)
        authorizer = self._create_authorizer(issuer, audience)
        routes = [self._route("everything", f"ANY {_EVERYTHING}", integration, authorizer)]
        routes += [self._route(f"public-{at}", f"GET {path}", integration) for at, path in enumerate(public)]
        if origins:
            # `ANY` takes preflights too, and the authorizer would refuse them: browsers send them without a token.
            routes.append(self._route("preflight", f"OPTIONS {_EVERYTHING}", integration))
        self._deploy([self._permit(function), *routes], throttling_rate, throttling_burst)
        self.register_outputs({"url": self.url})

    def _create_log_group(self, retention_days: int) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._name}-access-logs",
            name=f"/aws/apigateway/{self._name}",
            retention_in_days=retention_days,
            opts=self._child,
        )

    def _create_api(self, origins: Sequence[str]) -> aws.apigatewayv2.Api:
        cors = aws.apigatewayv2.ApiCorsConfigurationArgs(
            allow_origins=[*origins],
            allow_methods=_METHODS,
            allow_headers=_REQUEST_HEADERS,
            expose_headers=_ANSWER_HEADERS,
            max_age=_PREFLIGHT_SECONDS,
        )
        return aws.apigatewayv2.Api(
            f"{self._name}-api",
            name=self._name,
            protocol_type="HTTP",
            cors_configuration=cors if origins else None,
            opts=self._child,
        )

    def _integrate(self, function: PythonFunction) -> aws.apigatewayv2.Integration:
        return aws.apigatewayv2.Integration(
            f"{self._name}-integration",
            api_id=self.api.id,
            integration_type="AWS_PROXY",
            integration_method="POST",
            integration_uri=function.alias.invoke_arn,
            payload_format_version="2.0",
            timeout_milliseconds=INTEGRATION_TIMEOUT_MILLISECONDS,
            opts=self._child,
        )

    def _create_authorizer(self, issuer: str, audience: str) -> aws.apigatewayv2.Authorizer:
        return aws.apigatewayv2.Authorizer(
            f"{self._name}-authorizer",
            api_id=self.api.id,
            name=f"{self._name}-authorizer",
            authorizer_type="JWT",
            identity_sources=["$request.header.Authorization"],
            jwt_configuration={"issuer": issuer, "audiences": [audience]},
            opts=self._child,
        )

    def _route(
        self,
        label: str,
        key: str,
        integration: aws.apigatewayv2.Integration,
        authorizer: aws.apigatewayv2.Authorizer | None = None,
    ) -> aws.apigatewayv2.Route:
        return aws.apigatewayv2.Route(
            f"{self._name}-{label}-route",
            api_id=self.api.id,
            route_key=key,
            authorization_type="NONE" if authorizer is None else "JWT",
            authorizer_id=None if authorizer is None else authorizer.id,
            target=pulumi.Output.concat("integrations/", integration.id),
            opts=self._child,
        )

    def _permit(self, function: PythonFunction) -> aws.lambda_.Permission:
        return function.permit(
            f"{self._name}-permission",
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(self.api.execution_arn, "/", STAGE, "/*", _PREFIX, "/*"),
            opts=self._child,
        )

    def _deploy(self, needed: Sequence[pulumi.Resource], throttling_rate: int, throttling_burst: int) -> None:
        """Create the stage, which deploys the routes."""
        aws.apigatewayv2.Stage(
            f"{self._name}-stage",
            api_id=self.api.id,
            name=STAGE,
            auto_deploy=True,
            access_log_settings={"destination_arn": self.log_group.arn, "format": json.dumps(_ACCESS_LOG)},
            default_route_settings={
                "throttling_rate_limit": throttling_rate,
                "throttling_burst_limit": throttling_burst,
                "detailed_metrics_enabled": True,
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*needed]),
        )
