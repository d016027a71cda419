"""A WebSocket API: routes to functions, an authorizer, one stage, and the right to post to connections.

The URLs are computed from the API, not from the stage: the stage depends on the routes, the routes on the functions,
and the functions need the URL that they post to.
"""

import json

import pulumi
import pulumi_aws as aws

from components.aws.api_gateway_account import ApiGatewayAccount
from components.aws.grant import Grant, Statement
from components.aws.python_function import PythonFunction
from functions import settings

# Not `$default`, which is unreliable with WebSocket, nor the stack's name, which may be invalid for a stage.
STAGE = "live"

INTEGRATION_TIMEOUT_MILLISECONDS = 29_000
# No query string and no header: they hold the client's token.
_ACCESS_LOG = {
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


class WebSocketApi(pulumi.ComponentResource):
    """The API. Call `route` for each route, then `deploy` once."""

    log_group: aws.cloudwatch.LogGroup
    api: aws.apigatewayv2.Api
    connections_endpoint: pulumi.Output[str]
    websocket_url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        throttling_rate: int,
        throttling_burst: int,
        log_retention_days: int,
        own_account: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the API without a route.

        It accepts `throttling_rate` messages a second and bursts of `throttling_burst`. `own_account` says whether
        the stack sets the account's log role; if nobody has set it, `deploy` fails.
        """
        super().__init__("tickfold:aws:WebSocketApi", name, None, opts)
        self._name = name
        self._throttling_rate = throttling_rate
        self._throttling_burst = throttling_burst
        self._routes: list[pulumi.Resource] = []
        self._account = self._set_account() if own_account else None
        self._log_retention_days = log_retention_days
        self.log_group = self._create_log_group("access", name)
        self.api = self._create_api()
        self.websocket_url = pulumi.Output.concat(self.api.api_endpoint, "/", STAGE)
        self.connections_endpoint = self.websocket_url.apply(management_endpoint)
        self.register_outputs({"websocket_url": self.websocket_url})

    def route(self, key: str, function: PythonFunction, *, authorizer: PythonFunction | None = None) -> None:
        """Invoke `function` for messages of the route `key`, such as `$disconnect`.

        Only `$connect` accepts an `authorizer`, which decides on the whole connection.
        """
        label = f"{self._name}-{key.removeprefix('$')}"
        permission = self._permit(label, key, function)
        integration = self._integrate(label, function)
        authorizer_id = None if authorizer is None else self._authorize(label, authorizer).id
        route = aws.apigatewayv2.Route(
            f"{label}-route",
            api_id=self.api.id,
            route_key=key,
            authorization_type="NONE" if authorizer_id is None else "CUSTOM",
            authorizer_id=authorizer_id,
            target=pulumi.Output.concat("integrations/", integration.id),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._routes += [permission, route]

    def deploy(self) -> None:
        """Create the stage, which deploys the routes."""
        account = [] if self._account is None else [self._account]
        execution_logs = self._create_log_group("execution", pulumi.Output.concat(self.api.id, "/", STAGE))
        aws.apigatewayv2.Stage(
            f"{self._name}-stage",
            api_id=self.api.id,
            name=STAGE,
            auto_deploy=True,
            access_log_settings={"destination_arn": self.log_group.arn, "format": json.dumps(_ACCESS_LOG)},
            default_route_settings={
                "throttling_rate_limit": self._throttling_rate,
                "throttling_burst_limit": self._throttling_burst,
                "detailed_metrics_enabled": True,
                # API Gateway would make the log group of these itself: one that never expires and outlives the API.
                "logging_level": "ERROR",
                # Data traces would log the clients' messages and tokens.
                "data_trace_enabled": False,
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*self._routes, *account, execution_logs]),
        )

    def may_post_to_connections(self) -> Grant:
        """Grant sending messages to clients."""
        return self._may_manage_connections("POST")

    def may_close_connections(self) -> Grant:
        """Grant closing clients' connections."""
        return self._may_manage_connections("DELETE")

    def _may_manage_connections(self, method: str) -> Grant:
        connections = pulumi.Output.concat(self.api.execution_arn, "/", STAGE, "/", method, "/@connections/*")
        return Grant(
            [Statement(["execute-api:ManageConnections"], [connections])],
            {settings.CONNECTIONS_ENDPOINT: self.connections_endpoint},
        )

    def _set_account(self) -> pulumi.Resource:
        return ApiGatewayAccount(self._name, opts=pulumi.ResourceOptions(parent=self))

    def _create_log_group(self, kind: str, suffix: pulumi.Input[str]) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._name}-{kind}-logs",
            name=pulumi.Output.concat("/aws/apigateway/", suffix),
            retention_in_days=self._log_retention_days,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _create_api(self) -> aws.apigatewayv2.Api:
        return aws.apigatewayv2.Api(
            f"{self._name}-api",
            name=self._name,
            protocol_type="WEBSOCKET",
            route_selection_expression="$request.body.type",
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _authorize(self, label: str, function: PythonFunction) -> aws.apigatewayv2.Authorizer:
        authorizer = aws.apigatewayv2.Authorizer(
            f"{label}-authorizer",
            api_id=self.api.id,
            name=f"{label}-authorizer",
            authorizer_type="REQUEST",
            authorizer_uri=function.alias.invoke_arn,
            # A token comes in one of two places, and API Gateway refuses a handshake that lacks any identity source
            # listed here without invoking the function; so none is listed.
            identity_sources=[],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._routes.append(self._permit(f"{label}-authorizer", authorizer.id, function, path="authorizers"))
        return authorizer

    def _permit(
        self, label: str, source: pulumi.Input[str], function: PythonFunction, *, path: str = STAGE
    ) -> aws.lambda_.Permission:
        return function.permit(
            f"{label}-permission",
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(self.api.execution_arn, "/", path, "/", source),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _integrate(self, label: str, function: PythonFunction) -> aws.apigatewayv2.Integration:
        return aws.apigatewayv2.Integration(
            f"{label}-integration",
            api_id=self.api.id,
            # Without proxy integration the function receives an empty event.
            integration_type="AWS_PROXY",
            integration_method="POST",
            integration_uri=function.alias.invoke_arn,
            timeout_milliseconds=INTEGRATION_TIMEOUT_MILLISECONDS,
            opts=pulumi.ResourceOptions(parent=self),
        )


def management_endpoint(websocket_url: str) -> str:
    """Return the URL for posting to the connections of `websocket_url`: the same over HTTP."""
    scheme, _, address = websocket_url.partition("://")
    return f"{ {'wss': 'https', 'ws': 'http'}[scheme] }://{address}"
