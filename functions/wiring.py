"""What a function was granted, ready for use. Each is made once for each execution environment."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from functions import settings
from tickfold.backtests.quota import Limits, Quota
from tickfold.backtests.run_store import RunStore
from tickfold.realtime.connections import ConnectionStore, Post

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

    from tickfold.strategies import Registry

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
    return settings.require(settings.BUCKET)


@cache
def strategies() -> "Registry":
    from tickfold.strategies import Registry  # noqa: PLC0415 - numpy, which most functions have no layer for
    from tickfold.strategies.files import FOLDER  # noqa: PLC0415

    return Registry.discover(FOLDER)


@cache
def step_functions() -> "SFNClient":
    return boto3.client("stepfunctions", config=_RETRIES)


@cache
def connections() -> ConnectionStore:
    return ConnectionStore(_table(settings.CONNECTIONS_TABLE), _table(settings.SUBSCRIPTIONS_TABLE))


@cache
def runs() -> RunStore:
    """Return the table of runs, for those who only read it or tell of a run's progress."""
    return RunStore(_table(settings.RUNS_TABLE))


@cache
def counted_runs() -> RunStore:
    """Return the table of runs, for those who start or end them, which counts for their users."""
    return RunStore(_table(settings.RUNS_TABLE), Quota(_table(settings.USERS_TABLE)))


def limits() -> Limits:
    """Return what one user may have."""
    return Limits(
        running=int(settings.require(settings.RUNNING_LIMIT)),
        daily=int(settings.require(settings.DAILY_LIMIT)),
    )


@cache
def post() -> Post:
    endpoint = settings.require(settings.CONNECTIONS_ENDPOINT)
    return Post(boto3.client("apigatewaymanagementapi", endpoint_url=endpoint, config=_POSTS))


@cache
def _dynamodb() -> "DynamoDBServiceResource":
    return boto3.resource("dynamodb", config=_RETRIES)


def _table(variable: str) -> "Table":
    return _dynamodb().Table(settings.require(variable))
