"""The function that puts portfolios into the lake, on the table and the bucket of its environment."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from functions import settings
from functions.trading import export_portfolios
from functions.trading.export_portfolios import NotExportedError
from tests.aws import BUCKET, TRADING
from tickfold.portfolios.journal import blank
from tickfold.portfolios.placing import deposited, opened
from tickfold.portfolios.store import PortfolioStore
from tickfold.protocol.portfolios import CreatePortfolio
from tickfold.storage.bucket import Bucket

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table

CONTEXT: Any = SimpleNamespace(
    function_name="export-portfolios", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="1"
)


@pytest.fixture
def table(dynamodb: "DynamoDBServiceResource", bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> "Table":
    """The table with the portfolios of two users."""
    monkeypatch.setenv(settings.TRADING_TABLE, TRADING)
    monkeypatch.setenv(settings.BUCKET, BUCKET)
    export_portfolios.dependencies.cache_clear()
    table = dynamodb.Table(TRADING)
    for owner in ("ada", "bob"):
        events = opened(f"growth-{owner}", owner, CreatePortfolio(name="growth", cash=100))
        PortfolioStore(table).append(blank(f"growth-{owner}"), events, owner)
    return table


def invoked() -> Any:
    return export_portfolios.handler({}, CONTEXT)


def test_all_portfolios_are_exported_and_then_those_that_have_changed(table: "Table") -> None:
    store = PortfolioStore(table)
    assert invoked() == {"written": {"growth-ada": 1, "growth-bob": 1}}
    bobs = store.get("growth-bob")
    assert bobs
    store.append(bobs, deposited(1), "bob")
    assert invoked() == {"written": {"growth-bob": 1}}
    assert invoked() == {"written": {}}


def test_portfolio_that_fails_is_named_and_the_others_are_exported(table: "Table", bucket: Bucket) -> None:
    """As an entry of a kind that another version has written would."""
    table.update_item(
        Key={"portfolio": "p#growth-ada", "entry": "journal#000000000001"},
        UpdateExpression="SET body = :body",
        ExpressionAttributeValues={":body": '{"type": "of tomorrow"}'},
    )
    with pytest.raises(NotExportedError, match=r"^not exported: growth-ada; see the log$"):
        invoked()
    keys = [each["Key"] for each in bucket.s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert len(keys) == 3
    assert all("growth-bob" in key for key in keys)
