"""The fixtures of this folder: AWS in this process, with an empty hot table and an empty lake."""

from typing import TYPE_CHECKING

import pytest

from tests.aws import BARS, BUCKET, aws, bucket, connections, dynamodb
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.storage.bucket import Bucket

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table

__all__ = ["aws", "bucket", "connections", "dynamodb"]


@pytest.fixture
def table(dynamodb: "DynamoDBServiceResource") -> "Table":
    return dynamodb.Table(BARS)


@pytest.fixture
def hot(table: "Table") -> HotStore:
    return HotStore(table)


@pytest.fixture
def lake(bucket: Bucket) -> BarStore:
    return BarStore(bucket.s3, BUCKET)
