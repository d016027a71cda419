"""The AWS that stores are unit-tested on: moto's DynamoDB and S3, in this process, with the stack's own tables."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tickfold.backtests.quota import Quota
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.identity.user import User
from tickfold.realtime.connections import ConnectionStore
from tickfold.storage.bucket import Bucket

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table
    from mypy_boto3_s3 import S3Client

REGION: Literal["eu-north-1"] = "eu-north-1"
BUCKET = "lake"
CONNECTIONS, SUBSCRIPTIONS, RUNS, USERS, BARS = "connections", "subscriptions", "runs", "users", "bars"
TRADING, ALERTS = "trading", "alerts"
KEYS = {
    CONNECTIONS: ["connection_id"],
    SUBSCRIPTIONS: ["topic", "connection_id"],
    RUNS: ["run_id", "entry"],
    USERS: ["user_id", "entry"],
    BARS: ["series", "entry"],
    TRADING: ["portfolio", "entry"],
    ALERTS: ["holder", "entry"],
}
_INDEXES = {
    RUNS: (("by_user", "user_id", "created_at", "ALL"), ("by_status", "status", "created_at", "KEYS_ONLY")),
    TRADING: (("by_number", "portfolio", "numbered", "ALL"),),
}
STATE_MACHINE_ARN = f"arn:aws:states:{REGION}:111122223333:stateMachine:tickfold"

ADA = User("ada", ("growth",), 4_000_000_000)
BOB = User("bob", (), 4_000_000_000)


@cache
def _clients() -> "tuple[DynamoDBServiceResource, S3Client]":
    """Made once, since that takes longer than most of the tests."""
    return boto3.resource("dynamodb", region_name=REGION), boto3.client("s3", region_name=REGION)


@cache
def _exceptions() -> Any:
    return boto3.client("stepfunctions", region_name=REGION).exceptions


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield


@pytest.fixture
def dynamodb(aws: None) -> "DynamoDBServiceResource":
    """DynamoDB with the stack's tables."""
    resource, _ = _clients()
    for name, key in KEYS.items():
        _create(resource, name, key)
    return resource


def _create(resource: "DynamoDBServiceResource", name: str, key: list[str]) -> None:
    indexes = _INDEXES.get(name, ())
    attributes = {*key, *(attribute for _, *keyed, _ in indexes for attribute in keyed)}
    table: dict[str, Any] = {
        "TableName": name,
        "KeySchema": _key_schema(key),
        "AttributeDefinitions": [{"AttributeName": each, "AttributeType": "S"} for each in sorted(attributes)],
        "BillingMode": "PAY_PER_REQUEST",
    }
    if indexes:
        table["GlobalSecondaryIndexes"] = [
            {"IndexName": index, "KeySchema": _key_schema(keyed), "Projection": {"ProjectionType": projection}}
            for index, *keyed, projection in indexes
        ]
    resource.create_table(**table)


def _key_schema(key: list[str]) -> list[dict[str, str]]:
    return [{"AttributeName": each, "KeyType": kind} for each, kind in zip(key, ("HASH", "RANGE"), strict=False)]


@pytest.fixture
def bucket(aws: None) -> Bucket:
    """The data lake's bucket, with versions."""
    _, s3 = _clients()
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return Bucket(s3, BUCKET)


@pytest.fixture
def connections(dynamodb: "DynamoDBServiceResource") -> ConnectionStore:
    return ConnectionStore(dynamodb.Table(CONNECTIONS), dynamodb.Table(SUBSCRIPTIONS))


@pytest.fixture
def runs(dynamodb: "DynamoDBServiceResource") -> RunLifecycle:
    return RunLifecycle(dynamodb.Table(RUNS), Quota(dynamodb.Table(USERS)))


def rows(table: "Table") -> list[dict[str, Any]]:
    """Return every row of a table."""
    found: list[dict[str, Any]] = table.scan()["Items"]
    return found


@dataclass
class ConnectionsApi:
    """API Gateway's management API: what was posted to which connection, and which were closed.

    Posts to a connection in `errors` fail with that error code.
    """

    posts: list[tuple[str, str]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> None:  # noqa: N803
        self._raise_for(ConnectionId, "PostToConnection")
        self.posts.append((ConnectionId, Data.decode()))

    def delete_connection(self, *, ConnectionId: str) -> None:  # noqa: N803
        self.closed.append(ConnectionId)
        self._raise_for(ConnectionId, "DeleteConnection")

    def to(self, connection_id: str) -> list[str]:
        """Return what was posted to a connection."""
        return [text for to, text in self.posts if to == connection_id]

    def _raise_for(self, connection_id: str, operation: str) -> None:
        if code := self.errors.get(connection_id):
            raise ClientError({"Error": {"Code": code, "Message": "as the test wants"}}, operation)


class StepFunctions:
    """Step Functions: the executions that were started, with their input, and those that were stopped or are over,
    with their description."""

    def __init__(self) -> None:
        self.exceptions = _exceptions()
        self.started: dict[str, str] = {}
        self.stopped: list[tuple[str, str, str]] = []
        self.failure: Exception | None = None
        self.over: dict[str, dict[str, str]] = {}

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> None:  # noqa: N803
        assert stateMachineArn == STATE_MACHINE_ARN
        if self.failure:
            raise self.failure
        if name in self.started:
            raise self.exceptions.ExecutionAlreadyExists({"Error": {"Code": "ExecutionAlreadyExists"}}, "Start")
        self.started[name] = input

    def describe_execution(self, *, executionArn: str) -> dict[str, str]:  # noqa: N803
        name = executionArn.rpartition(":")[2]
        if self.failure:
            raise self.failure
        if name not in self.started:
            raise self.exceptions.ExecutionDoesNotExist({"Error": {"Code": "ExecutionDoesNotExist"}}, "Describe")
        return {"name": name, "status": "RUNNING"} | self.over.get(name, {})

    def stop_execution(self, *, executionArn: str, error: str, cause: str) -> None:  # noqa: N803
        if self.failure:
            raise self.failure
        name = executionArn.rpartition(":")[2]
        if name not in self.started:
            raise self.exceptions.ExecutionDoesNotExist({"Error": {"Code": "ExecutionDoesNotExist"}}, "Stop")
        self.stopped.append((executionArn, error, cause))
