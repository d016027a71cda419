"""Catching up from the hot table: each of its bars ends in PostgreSQL once, equal."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.aws import BARS, aws, connections, dynamodb
from tests.market_data.feed.stored import OPEN, feed_bars, store
from tests.market_data.sinks.conftest import Database
from tests.market_data.sinks.test_postgres import rows
from tickfold.market_data.feed.hot_store import HotStore, bar_row
from tickfold.market_data.sinks.catch_up import catch_up
from tickfold.market_data.sinks.errors import SinkUnavailableError
from tickfold.market_data.sinks.exported_bar import ExportedBar
from tickfold.market_data.sinks.postgres import Exported, PostgresSink

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

__all__ = ["aws", "connections", "dynamodb"]


@pytest.fixture
def hot(dynamodb: "DynamoDBServiceResource") -> HotStore:
    return HotStore(dynamodb.Table(BARS))


def exported(symbol: str, count: int) -> list[ExportedBar]:
    """Return the bars as the stream brings them."""
    return [ExportedBar.of(bar_row(symbol, bar)) for bar in feed_bars(count)]


def test_bars_that_the_stream_gave_up_are_made_up(hot: HotStore, database: Database, sink: PostgresSink) -> None:
    store(hot, "GOOG", feed_bars(30))
    store(hot, "SPY", feed_bars(3))
    bars = exported("GOOG", 30)
    sink.upsert([*bars[:10], *bars[25:]])
    assert catch_up(sink, hot, "GOOG") == Exported(15, 15)
    assert rows(database) == bars
    assert catch_up(sink, hot, "GOOG") == Exported()
    assert catch_up(sink, hot, "SPY") == Exported(3, 3)
    assert catch_up(sink, hot, "QQQ") == Exported()


def test_bars_before_since_are_not_compared(hot: HotStore, database: Database, sink: PostgresSink) -> None:
    store(hot, "GOOG", feed_bars(30))
    assert catch_up(sink, hot, "GOOG", OPEN + timedelta(minutes=20)) == Exported(10, 10)
    assert rows(database) == exported("GOOG", 30)[20:]


def test_ten_minutes_without_postgresql_are_made_up(hot: HotStore, database: Database, sink: PostgresSink) -> None:
    bars = feed_bars(40)
    store(hot, "GOOG", bars[:10])
    catch_up(sink, hot, "GOOG")
    database.server.stop()
    for bar in bars[10:20]:
        store(hot, "GOOG", [bar])
        with pytest.raises(SinkUnavailableError):
            catch_up(sink, hot, "GOOG")
    database.server.start()
    store(hot, "GOOG", bars[20:])
    assert catch_up(sink, hot, "GOOG") == Exported(30, 30)
    assert rows(database) == exported("GOOG", 40)
