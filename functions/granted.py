"""What a function was granted, ready for use. Each is made once for each execution environment."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from tickfold import environment
from tickfold.connections import ConnectionStore, Post
from tickfold.outbox import Outbox
from tickfold.runs import RunStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

# The standard mode backs off with jitter, and counts API Gateway's LimitExceeded among the throttling errors.
_RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 6}, max_pool_connections=16)


@cache
def s3() -> "S3Client":
    return boto3.client("s3", config=_RETRIES)


def bucket() -> str:
    return environment.require(environment.BUCKET)


@cache
def step_functions() -> "SFNClient":
    return boto3.client("stepfunctions", config=_RETRIES)


@cache
def connections() -> ConnectionStore:
    dynamodb = boto3.resource("dynamodb", config=_RETRIES)
    return ConnectionStore(dynamodb.Table(environment.require(environment.CONNECTIONS_TABLE)))


@cache
def runs() -> RunStore:
    dynamodb = boto3.resource("dynamodb", config=_RETRIES)
    return RunStore(dynamodb.Table(environment.require(environment.RUNS_TABLE)))


@cache
def outbox() -> Outbox:
    endpoint = environment.require(environment.CONNECTIONS_ENDPOINT)
    client = boto3.client("apigatewaymanagementapi", endpoint_url=endpoint, config=_RETRIES)
    return Outbox(runs(), Post(client, connections()))
