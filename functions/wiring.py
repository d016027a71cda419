"""AWS clients, and the stores over connections, which most functions share.

Each handler's module has a `dependencies` function: it reads the function's settings, builds what the function works
with, once for each execution environment, and hands that to the function's work. Nothing heavier is imported here than
what `connect` needs: every import is paid for at a cold start.
"""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from functions.settings import ConnectionsSettings, DeliverSettings
from tickfold.realtime.connections import ConnectionStore
from tickfold.realtime.sender import Sender

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

# The standard mode backs off with jitter, and counts API Gateway's LimitExceeded among the throttling errors.
_RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 6}, max_pool_connections=16)
# A post that times out and is retried may arrive twice; delivery has a timeout of its own, which ends earlier.
_POSTS = Config(
    retries={"mode": "standard", "total_max_attempts": 4},
    connect_timeout=1,
    read_timeout=10,
    max_pool_connections=32,
)


def s3() -> "S3Client":
    """Return a client of S3."""
    return boto3.client("s3", config=_RETRIES)


def step_functions() -> "SFNClient":
    """Return a client of Step Functions."""
    return boto3.client("stepfunctions", config=_RETRIES)


def secrets_manager() -> "SecretsManagerClient":
    """Return a client of Secrets Manager."""
    return boto3.client("secretsmanager", config=_RETRIES)


def events() -> "EventBridgeClient":
    """Return a client of EventBridge."""
    return boto3.client("events", config=_RETRIES)


def sqs() -> "SQSClient":
    """Return a client of SQS."""
    return boto3.client("sqs", config=_RETRIES)


def dynamodb() -> "DynamoDBServiceResource":
    """Return the resource of DynamoDB: one for all tables of a function, since each takes 20 ms to make."""
    return boto3.resource("dynamodb", config=_RETRIES)


def connection_store(dynamodb: "DynamoDBServiceResource", settings: ConnectionsSettings) -> ConnectionStore:
    """Return the tables of connections."""
    return ConnectionStore(dynamodb.Table(settings.connections_table), dynamodb.Table(settings.subscriptions_table))


def sender(connections: ConnectionStore, settings: DeliverSettings) -> Sender:
    """Return the sender to connections."""
    endpoint = settings.connections_endpoint
    return Sender(connections, boto3.client("apigatewaymanagementapi", endpoint_url=endpoint, config=_POSTS))
