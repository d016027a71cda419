"""API Gateway v2: the WebSocket and the HTTP API with their routes, integrations, authorizers and stages."""

from embedded.account import ACCOUNT, REGION
from embedded.cloud import Cloud
from embedded.resources.creator import Inputs, Outputs, autoname, creates, pascal, pop_all


@creates("aws:apigatewayv2/api:Api")
def api(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    api_name = inputs.pop("name", None) or autoname(name)
    scheme = {"WEBSOCKET": "ws", "HTTP": "http"}[inputs["protocolType"]]
    created = cloud.client("apigatewayv2").create_api(
        Name=api_name, Tags=inputs.pop("tags", {}), **pascal(pop_all(inputs))
    )
    api_id = created["ApiId"]
    return api_id, {
        "name": api_name,
        "arn": f"arn:aws:apigateway:{REGION}::/apis/{api_id}",
        "executionArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}",
        # By path: the emulator's host names do not resolve on every machine.
        "apiEndpoint": f"{cloud.endpoint_url.replace('http', scheme, 1)}/_aws/execute-api/{api_id}",
    }


@creates("aws:apigatewayv2/integration:Integration")
def integration(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    created = cloud.client("apigatewayv2").create_integration(
        **pascal(pop_all(inputs), {"timeoutMilliseconds": "TimeoutInMillis"})
    )
    return created["IntegrationId"], {}


@creates("aws:apigatewayv2/authorizer:Authorizer")
def authorizer(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    created = cloud.client("apigatewayv2").create_authorizer(
        **pascal(pop_all(inputs), {"identitySources": "IdentitySource", "audiences": "Audience"})
    )
    return created["AuthorizerId"], {}


@creates("aws:apigatewayv2/route:Route")
def route(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    return cloud.client("apigatewayv2").create_route(**pascal(pop_all(inputs)))["RouteId"], {}


@creates("aws:apigatewayv2/stage:Stage")
def stage(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    stage_name, api_id = inputs.pop("name", None) or autoname(name), inputs.pop("apiId")
    cloud.client("apigatewayv2").create_stage(
        ApiId=api_id,
        StageName=stage_name,
        Tags=inputs.pop("tags", {}),
        StageVariables=inputs.pop("stageVariables", {}),
        **pascal(pop_all(inputs)),
    )
    return stage_name, {
        "name": stage_name,
        "arn": f"arn:aws:apigateway:{REGION}::/apis/{api_id}/stages/{stage_name}",
        "executionArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}/{stage_name}",
        "invokeUrl": f"{cloud.endpoint_url.replace('http', 'ws', 1)}/_aws/execute-api/{api_id}/{stage_name}",
    }
