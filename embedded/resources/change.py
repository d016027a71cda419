"""Changes resources in place, as Pulumi's AWS provider would, and says which inputs cannot be changed in place."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from embedded.cloud import Cloud
from embedded.resources.creator import (
    Inputs,
    Outputs,
    RejectedResourceError,
    UnsupportedResourceError,
    create,
    pascal,
    whole,
)
from embedded.resources.glue import table_input

Changer = Callable[[Cloud, str, Inputs], Outputs]
"""Takes the cloud, the resource's id and its new inputs; returns the outputs that have changed."""

_ALL = "*"
_REPLACED_BY: dict[str, tuple[str, ...]] = {
    "aws:apigatewayv2/api:Api": ("protocolType",),
    "aws:apigatewayv2/stage:Stage": ("apiId", "name"),
    "aws:athena/namedQuery:NamedQuery": (_ALL,),
    "aws:athena/workgroup:Workgroup": ("name",),
    "aws:cloudwatch/eventRule:EventRule": ("name",),
    "aws:cloudwatch/eventTarget:EventTarget": ("rule", "targetId"),
    "aws:cloudwatch/logGroup:LogGroup": ("name",),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("name",),
    "aws:dynamodb/table:Table": ("name", "hashKey", "rangeKey"),
    "aws:glue/catalogDatabase:CatalogDatabase": ("name",),
    "aws:glue/catalogTable:CatalogTable": ("name", "databaseName"),
    "aws:iam/role:Role": ("name", "path"),
    "aws:iam/rolePolicy:RolePolicy": ("name", "role"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (_ALL,),
    "aws:lambda/alias:Alias": ("name", "functionName"),
    "aws:lambda/function:Function": ("name",),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": ("functionName", "qualifier"),
    "aws:lambda/functionUrl:FunctionUrl": (_ALL,),
    "aws:lambda/layerVersion:LayerVersion": (_ALL,),
    "aws:lambda/permission:Permission": (_ALL,),
    "aws:s3/bucket:Bucket": ("bucket",),
    "aws:s3/bucketObjectv2:BucketObjectv2": ("bucket", "key"),
    "aws:scheduler/schedule:Schedule": ("name", "groupName"),
    "aws:secretsmanager/secret:Secret": ("name",),
    "aws:sfn/stateMachine:StateMachine": ("name", "type"),
    "aws:sns/topic:Topic": ("name",),
    "aws:sns/topicPolicy:TopicPolicy": ("arn",),
    "aws:sns/topicSubscription:TopicSubscription": (_ALL,),
    "aws:sqs/queue:Queue": ("name", "fifoQueue"),
}
"""The inputs of which a change makes another resource. Where it is not named here, `bucket` and `apiId` do."""


def changed_inputs(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """Return the inputs that are not the same in both, those that only one has included."""
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def replaced_by(token: str, changed: set[str]) -> set[str]:
    """Return those of the `changed` inputs that make another resource of the type."""
    keys = _REPLACED_BY.get(token, ("bucket", "apiId", "queueUrl"))
    return changed if _ALL in keys else changed.intersection(keys)


def change(cloud: Cloud, token: str, resource_id: str, inputs: Inputs, old: Mapping[str, Any]) -> Outputs:
    """Change a resource to `inputs`; return its properties. `old` are those that it had, computed ones included.

    Raises:
        UnsupportedResourceError: the type cannot be changed here.
        RejectedResourceError: the emulated AWS API refused the request.
    """
    try:
        if token in _CHANGES:
            outputs = _CHANGES[token](cloud, resource_id, whole({**inputs, "name": old.get("name")}))
        elif token in _PUT_AGAIN:
            named = {"name": old["name"]} if "name" in old else {}
            _, outputs = create(cloud, token, resource_id, named | inputs)
        else:
            raise UnsupportedResourceError(
                f"{resource_id} is of the type {token}, which cannot be changed: add it to embedded/resources/change.py"
            )
    except ClientError as error:
        raise RejectedResourceError(f"{resource_id} ({token}) could not be changed: {error}") from error
    return {**old, **inputs, **outputs}


_PUT_AGAIN = {
    "aws:apigateway/account:Account",
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLogging:BucketLogging",
    "aws:s3/bucketObjectv2:BucketObjectv2",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sqs/queuePolicy:QueuePolicy",
}
"""The types whose creation is a `put`, which also changes what is there."""


def _function(cloud: Cloud, resource_id: str, inputs: Inputs) -> Outputs:
    client = cloud.client("lambda")
    client.update_function_code(FunctionName=resource_id, S3Bucket=inputs["s3Bucket"], S3Key=inputs["s3Key"])
    client.update_function_configuration(
        FunctionName=resource_id,
        Environment={"Variables": inputs.get("environment", {}).get("variables", {})},
        **pascal({key: inputs[key] for key in _CONFIGURATION if key in inputs}),
    )
    if (reserved := inputs.get("reservedConcurrentExecutions")) is not None:
        client.put_function_concurrency(FunctionName=resource_id, ReservedConcurrentExecutions=reserved)
    version = client.publish_version(FunctionName=resource_id)
    return {"version": version["Version"], "qualifiedArn": version["FunctionArn"]}


_CONFIGURATION = ("handler", "layers", "loggingConfig", "memorySize", "role", "runtime", "timeout", "tracingConfig")


def _alias(cloud: Cloud, _resource_id: str, inputs: Inputs) -> Outputs:
    cloud.client("lambda").update_alias(
        FunctionName=inputs["functionName"], Name=inputs["name"], FunctionVersion=inputs["functionVersion"]
    )
    return {}


def _log_group(cloud: Cloud, resource_id: str, inputs: Inputs) -> Outputs:
    cloud.client("logs").put_retention_policy(logGroupName=resource_id, retentionInDays=inputs["retentionInDays"])
    return {}


def _state_machine(cloud: Cloud, resource_id: str, inputs: Inputs) -> Outputs:
    cloud.client("stepfunctions").update_state_machine(
        stateMachineArn=resource_id, definition=inputs["definition"], roleArn=inputs["roleArn"]
    )
    return {}


def _api(cloud: Cloud, resource_id: str, inputs: Inputs) -> Outputs:
    client = cloud.client("apigatewayv2")
    if cors := inputs.get("corsConfiguration"):
        client.update_api(ApiId=resource_id, CorsConfiguration=pascal(cors))
    elif inputs["protocolType"] == "HTTP":
        client.delete_cors_configuration(ApiId=resource_id)
    return {}


def _stage(cloud: Cloud, resource_id: str, inputs: Inputs) -> Outputs:
    settings = {
        key: inputs[key] for key in ("accessLogSettings", "autoDeploy", "defaultRouteSettings") if key in inputs
    }
    cloud.client("apigatewayv2").update_stage(ApiId=inputs["apiId"], StageName=resource_id, **pascal(settings))
    return {}


def _event_source_mapping(cloud: Cloud, resource_id: str, inputs: Inputs) -> Outputs:
    changed = {
        key: inputs[key] for key in ("batchSize", "maximumBatchingWindowInSeconds", "functionName") if key in inputs
    }
    cloud.client("lambda").update_event_source_mapping(UUID=resource_id, **pascal(changed))
    return {}


def _role(cloud: Cloud, resource_id: str, inputs: Inputs) -> Outputs:
    cloud.client("iam").update_assume_role_policy(RoleName=resource_id, PolicyDocument=inputs["assumeRolePolicy"])
    return {}


def _table(cloud: Cloud, resource_id: str, inputs: Inputs) -> Outputs:
    cloud.client("dynamodb").update_table(
        TableName=resource_id, DeletionProtectionEnabled=bool(inputs.get("deletionProtectionEnabled"))
    )
    return {}


def _workgroup(cloud: Cloud, resource_id: str, inputs: Inputs) -> Outputs:
    limit = inputs["configuration"]["bytesScannedCutoffPerQuery"]
    cloud.client("athena").update_work_group(
        WorkGroup=resource_id, ConfigurationUpdates={"BytesScannedCutoffPerQuery": limit}
    )
    return {}


def _schedule(cloud: Cloud, _resource_id: str, inputs: Inputs) -> Outputs:
    changed = {key: value for key, value in inputs.items() if key != "target"}
    cloud.client("scheduler").update_schedule(State="DISABLED", Target=pascal(inputs["target"]), **pascal(changed))
    return {}


def _secret(cloud: Cloud, resource_id: str, inputs: Inputs) -> Outputs:
    cloud.client("secretsmanager").update_secret(SecretId=resource_id, Description=inputs.get("description", ""))
    return {}


def _nothing(_cloud: Cloud, _resource_id: str, _inputs: Inputs) -> Outputs:
    """Of what can change in place, nothing matters to the emulator: whether it may be emptied, and tags."""
    return {}


def _glue_table(cloud: Cloud, _resource_id: str, inputs: Inputs) -> Outputs:
    """Change the columns and the rest; name and database stay."""
    name, database = inputs.pop("name"), inputs.pop("databaseName")
    cloud.client("glue").update_table(DatabaseName=database, TableInput=table_input(name, inputs))
    return {}


_CHANGES: dict[str, Changer] = {
    "aws:glue/catalogTable:CatalogTable": _glue_table,
    "aws:apigatewayv2/api:Api": _api,
    "aws:apigatewayv2/stage:Stage": _stage,
    "aws:athena/workgroup:Workgroup": _workgroup,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:dynamodb/table:Table": _table,
    "aws:iam/role:Role": _role,
    "aws:lambda/alias:Alias": _alias,
    "aws:lambda/eventSourceMapping:EventSourceMapping": _event_source_mapping,
    "aws:lambda/function:Function": _function,
    "aws:s3/bucket:Bucket": _nothing,
    "aws:scheduler/schedule:Schedule": _schedule,
    "aws:secretsmanager/secret:Secret": _secret,
    "aws:sns/topic:Topic": _nothing,
    "aws:sfn/stateMachine:StateMachine": _state_machine,
}
