"""Deletes resources, as Pulumi's AWS provider would: a call of the API for each type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from embedded.cloud import Cloud
from embedded.resources.creator import RejectedResourceError, UnsupportedResourceError

Properties = Mapping[str, Any]

_GONE = ("NoSuch", "NotFound", "ResourceNotFoundException", "NonExistentQueue", "EntityNotFound", "404")


@dataclass(frozen=True)
class Call:
    """One call of an API: `parameters` maps its parameters to the resource's properties, `id` being its id."""

    service: str
    operation: str
    parameters: Mapping[str, str]

    def __call__(self, cloud: Cloud, resource_id: str, properties: Properties) -> None:
        known = {**properties, "id": resource_id}
        values = {parameter: known[name] for parameter, name in self.parameters.items() if known.get(name) is not None}
        getattr(cloud.client(self.service), self.operation)(**values)


def _bucket(cloud: Cloud, resource_id: str, properties: Properties) -> None:
    if properties.get("forceDestroy"):
        _delete_versions(cloud, resource_id)
    cloud.client("s3").delete_bucket(Bucket=resource_id)


def _versioning(cloud: Cloud, resource_id: str, _properties: Properties) -> None:
    cloud.client("s3").put_bucket_versioning(Bucket=resource_id, VersioningConfiguration={"Status": "Suspended"})


def _logging(cloud: Cloud, resource_id: str, _properties: Properties) -> None:
    cloud.client("s3").put_bucket_logging(Bucket=resource_id, BucketLoggingStatus={})


def _object(cloud: Cloud, _resource_id: str, properties: Properties) -> None:
    _delete_versions(cloud, properties["bucket"], properties["key"])


def _delete_versions(cloud: Cloud, bucket: str, key: str = "") -> None:
    """Delete every version and delete marker of the object `key`, or of all objects."""
    s3 = cloud.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key):
        for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            if found["Key"] == key or not key:
                s3.delete_object(Bucket=bucket, Key=found["Key"], VersionId=found["VersionId"])


def _event_target(cloud: Cloud, _resource_id: str, properties: Properties) -> None:
    cloud.client("events").remove_targets(Rule=properties["rule"], Ids=[properties["targetId"]])


def _queue_policy(cloud: Cloud, resource_id: str, _properties: Properties) -> None:
    cloud.client("sqs").set_queue_attributes(QueueUrl=resource_id, Attributes={"Policy": ""})


def _topic_policy(cloud: Cloud, resource_id: str, _properties: Properties) -> None:
    cloud.client("sns").set_topic_attributes(TopicArn=resource_id, AttributeName="Policy", AttributeValue="")


def _account(_cloud: Cloud, _resource_id: str, _properties: Properties) -> None:
    """The setting has no deletion of its own in the API."""


def _layer_version(cloud: Cloud, _resource_id: str, properties: Properties) -> None:
    cloud.client("lambda").delete_layer_version(
        LayerName=properties["layerName"], VersionNumber=int(properties["version"])
    )


def _alarm(cloud: Cloud, resource_id: str, _properties: Properties) -> None:
    cloud.client("cloudwatch").delete_alarms(AlarmNames=[resource_id])


def _secret(cloud: Cloud, resource_id: str, properties: Properties) -> None:
    days = properties.get("recoveryWindowInDays")
    recovery = {"RecoveryWindowInDays": int(days)} if days else {"ForceDeleteWithoutRecovery": True}
    cloud.client("secretsmanager").delete_secret(SecretId=resource_id, **recovery)


_BUCKET = {"Bucket": "id"}
_DELETIONS: dict[str, Callable[[Cloud, str, Properties], None]] = {
    "aws:apigateway/account:Account": _account,
    "aws:apigatewayv2/api:Api": Call("apigatewayv2", "delete_api", {"ApiId": "id"}),
    "aws:apigatewayv2/authorizer:Authorizer": Call(
        "apigatewayv2", "delete_authorizer", {"ApiId": "apiId", "AuthorizerId": "id"}
    ),
    "aws:apigatewayv2/integration:Integration": Call(
        "apigatewayv2", "delete_integration", {"ApiId": "apiId", "IntegrationId": "id"}
    ),
    "aws:apigatewayv2/route:Route": Call("apigatewayv2", "delete_route", {"ApiId": "apiId", "RouteId": "id"}),
    "aws:apigatewayv2/stage:Stage": Call("apigatewayv2", "delete_stage", {"ApiId": "apiId", "StageName": "id"}),
    "aws:athena/namedQuery:NamedQuery": Call("athena", "delete_named_query", {"NamedQueryId": "id"}),
    "aws:athena/workgroup:Workgroup": Call(
        "athena", "delete_work_group", {"WorkGroup": "id", "RecursiveDeleteOption": "forceDestroy"}
    ),
    "aws:cloudwatch/eventRule:EventRule": Call("events", "delete_rule", {"Name": "id"}),
    "aws:cloudwatch/eventTarget:EventTarget": _event_target,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:cloudwatch/logGroup:LogGroup": Call("logs", "delete_log_group", {"logGroupName": "id"}),
    "aws:dynamodb/table:Table": Call("dynamodb", "delete_table", {"TableName": "id"}),
    "aws:glue/catalogDatabase:CatalogDatabase": Call("glue", "delete_database", {"Name": "name"}),
    "aws:glue/catalogTable:CatalogTable": Call(
        "glue", "delete_table", {"DatabaseName": "databaseName", "Name": "name"}
    ),
    "aws:iam/role:Role": Call("iam", "delete_role", {"RoleName": "id"}),
    "aws:iam/rolePolicy:RolePolicy": Call("iam", "delete_role_policy", {"RoleName": "role", "PolicyName": "name"}),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Call(
        "iam", "detach_role_policy", {"RoleName": "role", "PolicyArn": "policyArn"}
    ),
    "aws:lambda/alias:Alias": Call("lambda", "delete_alias", {"FunctionName": "functionName", "Name": "name"}),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Call("lambda", "delete_event_source_mapping", {"UUID": "id"}),
    "aws:lambda/function:Function": Call("lambda", "delete_function", {"FunctionName": "id"}),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": Call(
        "lambda", "delete_function_event_invoke_config", {"FunctionName": "functionName", "Qualifier": "qualifier"}
    ),
    "aws:lambda/functionUrl:FunctionUrl": Call(
        "lambda", "delete_function_url_config", {"FunctionName": "functionName", "Qualifier": "qualifier"}
    ),
    "aws:lambda/layerVersion:LayerVersion": _layer_version,
    "aws:lambda/permission:Permission": Call(
        "lambda", "remove_permission", {"FunctionName": "function", "Qualifier": "qualifier", "StatementId": "id"}
    ),
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Call("s3", "delete_bucket_lifecycle", _BUCKET),
    "aws:s3/bucketLogging:BucketLogging": _logging,
    "aws:s3/bucketObjectv2:BucketObjectv2": _object,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Call("s3", "delete_bucket_ownership_controls", _BUCKET),
    "aws:s3/bucketPolicy:BucketPolicy": Call("s3", "delete_bucket_policy", _BUCKET),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Call("s3", "delete_public_access_block", _BUCKET),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Call(
        "s3", "delete_bucket_encryption", _BUCKET
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _versioning,
    "aws:scheduler/schedule:Schedule": Call("scheduler", "delete_schedule", {"Name": "name"}),
    "aws:secretsmanager/secret:Secret": _secret,
    "aws:sfn/stateMachine:StateMachine": Call("stepfunctions", "delete_state_machine", {"stateMachineArn": "id"}),
    "aws:sns/topic:Topic": Call("sns", "delete_topic", {"TopicArn": "id"}),
    "aws:sns/topicPolicy:TopicPolicy": _topic_policy,
    "aws:sns/topicSubscription:TopicSubscription": Call("sns", "unsubscribe", {"SubscriptionArn": "id"}),
    "aws:sqs/queue:Queue": Call("sqs", "delete_queue", {"QueueUrl": "id"}),
    "aws:sqs/queuePolicy:QueuePolicy": _queue_policy,
}


def delete(cloud: Cloud, token: str, resource_id: str, properties: Properties) -> None:
    """Delete a resource, of which `properties` are the inputs and outputs. One that is gone already is no error.

    Raises:
        UnsupportedResourceError: the type is unknown.
        RejectedResourceError: the emulated AWS API refused the request.
    """
    if token not in _DELETIONS:
        raise UnsupportedResourceError(f"{resource_id} is of the type {token}: add it to embedded/resources/removal.py")
    try:
        _DELETIONS[token](cloud, resource_id, properties)
    except ClientError as error:
        if not any(word in error.response["Error"]["Code"] for word in _GONE):
            raise RejectedResourceError(f"{resource_id} ({token}) could not be deleted: {error}") from error
