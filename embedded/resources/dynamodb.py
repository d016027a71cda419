"""DynamoDB: tables with their indexes, expiry, backups and encryption."""

from typing import Any

from embedded.cloud import Cloud
from embedded.resources.creator import Inputs, Outputs, autoname, creates, pascal, pop_all, pop_tags


@creates("aws:dynamodb/table:Table")
def table(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    table_name = inputs.pop("name", None) or autoname(name)
    expiry, backups = inputs.pop("ttl", None), inputs.pop("pointInTimeRecovery", None)
    dynamodb = cloud.client("dynamodb")
    created = dynamodb.create_table(TableName=table_name, **_definition(inputs))["TableDescription"]
    if expiry:
        dynamodb.update_time_to_live(TableName=table_name, TimeToLiveSpecification=pascal(expiry))
    if backups:
        dynamodb.update_continuous_backups(
            TableName=table_name,
            PointInTimeRecoverySpecification=pascal(backups, {"enabled": "PointInTimeRecoveryEnabled"}),
        )
    return table_name, {
        "name": table_name,
        "arn": created["TableArn"],
        "streamArn": created.get("LatestStreamArn"),
    }


def _definition(inputs: Inputs) -> dict[str, Any]:
    definition: dict[str, Any] = {
        "AttributeDefinitions": pascal(inputs.pop("attributes"), {"name": "AttributeName", "type": "AttributeType"}),
        "KeySchema": _keys(inputs),
        "Tags": pop_tags(inputs),
    }
    if indexes := inputs.pop("globalSecondaryIndexes", None):
        definition["GlobalSecondaryIndexes"] = [_index(dict(index)) for index in indexes]
    if inputs.pop("streamEnabled", None):
        definition["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": inputs.pop("streamViewType")}
    if encryption := inputs.pop("serverSideEncryption", None):  # of a release whose tables had the charged key
        definition["SSESpecification"] = pascal(encryption)
    definition.update(pascal(pop_all(inputs)))
    return definition


def _index(index: Inputs) -> dict[str, Any]:
    definition = {
        "IndexName": index.pop("name"),
        "KeySchema": _keys(index),
        "Projection": {"ProjectionType": index.pop("projectionType")},
    }
    if attributes := index.pop("nonKeyAttributes", None):
        definition["Projection"]["NonKeyAttributes"] = attributes
    definition.update(pascal(index))
    return definition


def _keys(inputs: Inputs) -> list[dict[str, str]]:
    if schemas := inputs.pop("keySchemas", None):
        return list(pascal(schemas))
    keys = [{"AttributeName": inputs.pop("hashKey"), "KeyType": "HASH"}]
    if range_key := inputs.pop("rangeKey", None):
        keys.append({"AttributeName": range_key, "KeyType": "RANGE"})
    return keys
