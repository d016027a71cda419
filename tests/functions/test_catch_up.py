"""The function that catches up: from the hot table to a real PostgreSQL server, for all symbols."""

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from functions import settings
from functions.market_data import catch_up
from tests.aws import BARS, REGION
from tests.market_data.feed.stored import OPEN, feed_bars, store
from tests.market_data.sinks.conftest import Database, database, server
from tests.market_data.sinks.test_postgres import rows
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.market_data.sinks.errors import SinkUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

__all__ = ["database", "server"]

CONTEXT: Any = SimpleNamespace(
    function_name="catch-up", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="1"
)
NOTHING = {"equity_rows": 0, "indicator_rows": 0, "refused": 0}


@pytest.fixture(autouse=True)
def environment(
    database: Database, dynamodb: "DynamoDBServiceResource", monkeypatch: pytest.MonkeyPatch
) -> "DynamoDBServiceResource":
    """The function's variables, and a hot table with half an hour of two symbols, one of which is not watched now."""
    secret = json.dumps({"postgres": database.url})
    boto3.client("secretsmanager", region_name=REGION).create_secret(Name="keys", SecretString=secret)
    monkeypatch.setenv(settings.KEYS_SECRET, "keys")
    monkeypatch.setenv(settings.BARS_TABLE, BARS)
    catch_up.dependencies.cache_clear()
    table = dynamodb.Table(BARS)
    WatchList(table).add(["GOOG", "SPY"], "XNYS", "ada")
    WatchList(table).remove(["SPY"])
    for symbol in ("GOOG", "SPY"):
        store(HotStore(table), symbol, feed_bars(30))
    return dynamodb


def test_bars_of_all_symbols_are_written_once(database: Database) -> None:
    written = catch_up.handler({}, CONTEXT)
    assert written == {"equity_rows": 60, "indicator_rows": 60, "refused": 0}
    assert [bar.ticker for bar in rows(database)] == ["GOOG"] * 30 + ["SPY"] * 30
    assert catch_up.handler({}, CONTEXT) == NOTHING


def test_hours_before_the_scheduled_time_limit_what_is_compared(database: Database) -> None:
    scheduled = f"{OPEN + timedelta(hours=1, minutes=20):%Y-%m-%dT%H:%M:%SZ}"
    assert catch_up.handler({"scheduled_time": scheduled, "hours": 1}, CONTEXT)["equity_rows"] == 20
    assert min(bar.timestamp for bar in rows(database)) == OPEN + timedelta(minutes=20)


def test_bars_that_postgresql_refuses_are_counted(database: Database) -> None:
    catch_up.handler({}, CONTEXT)
    database.query("DELETE FROM equity_data")
    database.query("ALTER TABLE equity_data ADD CHECK (close < 103)")
    assert catch_up.handler({}, CONTEXT) == {"equity_rows": 44, "indicator_rows": 44, "refused": 16}


def test_outage_is_an_error_and_the_next_time_will_do(database: Database) -> None:
    database.server.stop()
    with pytest.raises(SinkUnavailableError):
        catch_up.handler({}, CONTEXT)
    database.server.start()
    assert catch_up.handler({}, CONTEXT)["equity_rows"] == 60
