"""The fixtures of this folder: AWS in this process, a portfolio with cash, and the trader that steps it."""

from typing import TYPE_CHECKING

import pytest

from tests.aws import BARS, BUCKET, TRADING, aws, bucket, dynamodb
from tests.trading.desk import Desk
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.storage.bucket import Bucket

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

__all__ = ["aws", "bucket", "dynamodb"]


@pytest.fixture
def desk(dynamodb: "DynamoDBServiceResource", bucket: Bucket) -> Desk:
    return Desk(HotStore(dynamodb.Table(BARS)), BarStore(bucket.s3, BUCKET), dynamodb.Table(TRADING))
