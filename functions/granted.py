"""What a function was granted, ready for use. Each is made once for each execution environment."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from tickfold import environment
from tickfold.connections import ConnectionStore, Post
from tickfold.quota import Limits, Quota
from tickfold.runs import RunStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

# The standard mode backs off with jitter, and counts API Gateway's LimitExceeded among the throttling errors.
_RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 6}, max_pool_connections=16)
# A post that is given up and tried again may arrive twice: delivery has a patience of its own, and cuts off earlier.
_POSTS = Config(
    retries={"mode": "standard", "total_max_attempts": 4},
    connect_timeout=1,
    read_timeout=10,
    max_pool_connections=32,
)


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
    return ConnectionStore(_table(environment.CONNECTIONS_TABLE), _table(environment.SUBSCRIPTIONS_TABLE))


@cache
def runs() -> RunStore:
    """Return the table of runs, for those who only read it or tell of a run's progress."""
    return RunStore(_table(environment.RUNS_TABLE))


@cache
def counted_runs() -> RunStore:
    """Return the table of runs, for those who start or end them, which counts for their users."""
    return RunStore(_table(environment.RUNS_TABLE), Quota(_table(environment.USERS_TABLE)))


def limits() -> Limits:
    """Return what one user may have."""
    return Limits(
        running=int(environment.require(environment.RUNNING_LIMIT)),
        daily=int(environment.require(environment.DAILY_LIMIT)),
    )


@cache
def post() -> Post:
    endpoint = environment.require(environment.CONNECTIONS_ENDPOINT)
    return Post(boto3.client("apigatewaymanagementapi", endpoint_url=endpoint, config=_POSTS))


@cache
def _dynamodb() -> "DynamoDBServiceResource":
    return boto3.resource("dynamodb", config=_RETRIES)


def _table(variable: str) -> "Table":
    return _dynamodb().Table(environment.require(variable))
