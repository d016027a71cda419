"""Lambda: functions, aliases, permissions, and how they are invoked by streams and asynchronously. (`lambda` is a
keyword of Python.)"""

from typing import Any

from embedded.account import REGION
from embedded.cloud import Cloud
from embedded.resources.creator import Inputs, Outputs, UnsupportedResourceError, autoname, creates, pascal, pop_all


@creates("aws:lambda/function:Function", ignores={"skipDestroy": "nothing is destroyed"})
def function(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    function_name, expected_hash = inputs.pop("name", None) or autoname(name), inputs.pop("sourceCodeHash", None)
    reserved = inputs.pop("reservedConcurrentExecutions", None)
    client = cloud.client("lambda")
    created = client.create_function(FunctionName=function_name, **_definition(inputs))
    if expected_hash and created["CodeSha256"] != expected_hash:
        raise UnsupportedResourceError(
            f"the package of {name} has the SHA-256 {created['CodeSha256']}, but sourceCodeHash says {expected_hash}"
        )
    if reserved is not None:
        client.put_function_concurrency(FunctionName=function_name, ReservedConcurrentExecutions=reserved)
    unqualified = created["FunctionArn"].split(f":{function_name}")[0] + f":{function_name}"
    return function_name, {
        "name": function_name,
        "arn": unqualified,
        "version": created["Version"],
        "qualifiedArn": f"{unqualified}:{created['Version']}",
        "invokeArn": _invoke_arn(unqualified),
    }


def _definition(inputs: Inputs) -> dict[str, Any]:
    # The names of environment variables are data, not members of the API.
    variables = inputs.pop("environment", {}).get("variables", {})
    definition = {
        "Code": {"S3Bucket": inputs.pop("s3Bucket"), "S3Key": inputs.pop("s3Key")},
        "Environment": {"Variables": variables},
        "Tags": inputs.pop("tags", {}),
    }
    definition.update(pascal(pop_all(inputs)))
    return definition


@creates(
    "aws:lambda/layerVersion:LayerVersion",
    ignores={"skipDestroy": "nothing is destroyed", "sourceCodeHash": "it only tells Pulumi when to publish anew"},
)
def layer_version(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    content = {"S3Bucket": inputs.pop("s3Bucket"), "S3Key": inputs.pop("s3Key")}
    published = cloud.client("lambda").publish_layer_version(Content=content, **pascal(pop_all(inputs)))
    arn = published["LayerVersionArn"]
    return arn, {"arn": arn, "layerArn": published["LayerArn"], "version": str(published["Version"])}


@creates("aws:lambda/alias:Alias")
def alias(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    created = cloud.client("lambda").create_alias(**pascal(pop_all(inputs)))
    return created["AliasArn"], {"arn": created["AliasArn"], "invokeArn": _invoke_arn(created["AliasArn"])}


@creates("aws:lambda/permission:Permission")
def permission(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    statement_id = inputs.pop("statementId", None) or autoname(name)
    cloud.client("lambda").add_permission(
        StatementId=statement_id, FunctionName=inputs.pop("function"), **pascal(pop_all(inputs))
    )
    return statement_id, {"statementId": statement_id}


@creates("aws:lambda/functionUrl:FunctionUrl")
def function_url(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    created = cloud.client("lambda").create_function_url_config(
        **pascal(pop_all(inputs), {"authorizationType": "AuthType"})
    )
    url_id = created["FunctionUrl"].removeprefix("https://").partition(".")[0]
    # By path: the emulator's host names do not resolve on every machine.
    return created["FunctionArn"], {"urlId": url_id, "functionUrl": f"{cloud.endpoint_url}/_aws/lambda-url/{url_id}/"}


@creates("aws:lambda/eventSourceMapping:EventSourceMapping")
def event_source_mapping(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    created = cloud.client("lambda").create_event_source_mapping(
        **pascal(pop_all(inputs), {"destinationArn": "Destination"})
    )
    return created["UUID"], {"uuid": created["UUID"]}


@creates("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
def event_invoke_config(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    given = pascal(pop_all(inputs))
    cloud.client("lambda").put_function_event_invoke_config(**given)
    return f"{given['FunctionName']}:{given.get('Qualifier', '$LATEST')}", {}


def _invoke_arn(arn: str) -> str:
    """Return the ARN by which API Gateway invokes a function."""
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
