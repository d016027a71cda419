"""Compares the DynamoDB actions that a store's methods call with those that a grant allows.

The tables are moto's, created from what the component registers, so that their keys and indexes are the stack's.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pulumi
from moto import mock_aws

from components.aws.grant import Grant, policy_document
from tests.components.capture import REGION, Resource, Stack, capture

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

Rights = set[tuple[str, str]]
"""An action, and the table or index (`TABLE/index/INDEX`) that it is for."""


def granted(grants: Callable[[], Mapping[str, Grant]]) -> tuple[Stack, dict[str, Rights]]:
    """Run the program `grants` and return what it registered, and what each of its grants allows by its name."""

    def program() -> None:
        for name, grant in grants().items():
            pulumi.export(name, policy_document(grant.statements))

    stack = capture(program, {})
    return stack, {name: _rights_in(json.loads(policy)) for name, policy in stack.outputs.items()}


def _rights_in(document: Mapping[str, Any]) -> Rights:
    return {
        (action.removeprefix("dynamodb:"), resource.partition(":table/")[2])
        for statement in document["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    }


@contextmanager
def dynamodb_with(stack: Stack) -> Iterator["DynamoDBServiceResource"]:
    """Give a DynamoDB that has the tables of `stack`."""
    with mock_aws():
        resource = boto3.resource("dynamodb", region_name=REGION)
        for table in stack.of("aws:dynamodb/table:Table"):
            resource.create_table(**_definition(table))
        yield resource


def _definition(table: Resource) -> Any:
    inputs = table.inputs
    key = [inputs["hashKey"], *([inputs["rangeKey"]] if inputs.get("rangeKey") else [])]
    indexes = [
        {
            "IndexName": index["name"],
            "Projection": {"ProjectionType": index["projectionType"]},
            "KeySchema": [
                {"AttributeName": part["attributeName"], "KeyType": part["keyType"]} for part in index["keySchemas"]
            ],
        }
        for index in inputs.get("globalSecondaryIndexes", [])
    ]
    return {
        "TableName": inputs["name"],
        "BillingMode": inputs["billingMode"],
        "AttributeDefinitions": [
            {"AttributeName": each["name"], "AttributeType": each["type"]} for each in inputs["attributes"]
        ],
        "KeySchema": [
            {"AttributeName": name, "KeyType": kind} for name, kind in zip(key, ("HASH", "RANGE"), strict=False)
        ],
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
    }


@contextmanager
def recorded(resource: "DynamoDBServiceResource") -> Iterator[Rights]:
    """Give a set to which the rights that are needed for the calls of the block are added."""
    rights: Rights = set()

    def record(params: Mapping[str, Any], model: Any, **_rest: object) -> None:
        rights.update(_needed(model.name, params))

    events = resource.meta.client.meta.events
    events.register("before-parameter-build.dynamodb", record)
    try:
        yield rights
    finally:
        events.unregister("before-parameter-build.dynamodb", record)


def _needed(operation: str, params: Mapping[str, Any]) -> Rights:
    match operation:
        case "TransactWriteItems":  # IAM asks for the right to each write
            writes = [entry for write in params["TransactItems"] for entry in write.items()]
            return {(f"{kind}Item", change["TableName"]) for kind, change in writes}
        case "BatchWriteItem" | "BatchGetItem":
            return {(operation, table) for table in params["RequestItems"]}
    index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
    return {(operation, params["TableName"] + index)}
