"""The fixtures of this folder: AWS in this process, with an empty table of alerts."""

from typing import TYPE_CHECKING

import pytest

from tests.aws import ALERTS, aws, connections, dynamodb
from tickfold.alerts.alert_store import AlertStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

__all__ = ["aws", "connections", "dynamodb"]


@pytest.fixture
def store(dynamodb: "DynamoDBServiceResource") -> AlertStore:
    return AlertStore(dynamodb.Table(ALERTS))
