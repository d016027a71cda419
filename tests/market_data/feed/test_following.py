"""Following symbols: the snapshot, the stream after it, and the symbols of the feed."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.aws import ADA
from tests.backtests.records import Connection, caller
from tests.market_data.feed.stored import OPEN, feed_bars, store
from tickfold.errors import RunError
from tickfold.market_data.feed.following import SymbolFollower
from tickfold.market_data.feed.hot_store import HotStore, bar_row
from tickfold.market_data.feed.minute_bar import STEP
from tickfold.market_data.feed.watch_list import MOST_SYMBOLS, WatchList
from tickfold.protocol import (
    AddFeedSymbols,
    Feed,
    ListFeed,
    RemoveFeedSymbols,
    Subscribe,
    Subscribed,
    SymbolBars,
    Unsubscribe,
    Unsubscribed,
)
from tickfold.realtime.connections import ConnectionStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

TOPIC = "symbol#GOOG#1m"
GOOG = Subscribe(topic="symbol", id="goog")


@pytest.fixture
def bars(hot: HotStore) -> HotStore:
    return hot


@pytest.fixture
def watch_list(table: "Table") -> WatchList:
    return WatchList(table)


@pytest.fixture
def follower(bars: HotStore, watch_list: WatchList, connections: ConnectionStore) -> SymbolFollower:
    return SymbolFollower(bars, watch_list, connections)


@pytest.fixture
def connection() -> Connection:
    return Connection()


def subscribed(connection: Connection) -> tuple[int | None, int | None]:
    """Return what the reply says of the numbers of the bars."""
    reply = connection.messages[0]
    assert isinstance(reply, Subscribed)
    assert (reply.topic, reply.id, reply.correlation_id) == ("symbol", "GOOG", "x1")
    return reply.after, reply.last_sequence


def pushed(connection: Connection) -> list[int]:
    """Return the numbers of the bars that were sent."""
    found = [each for each in connection.messages if isinstance(each, SymbolBars)]
    assert {each.symbol for each in found} <= {"GOOG"}
    return [number for each in found for number in range(each.first, each.sequence + 1)]


# --- subscribing -----------------------------------------------------------------------------------------------------


def test_subscriber_gets_the_bars_of_the_last_session(
    follower: SymbolFollower, bars: HotStore, connections: ConnectionStore, connection: Connection
) -> None:
    thursday = feed_bars(5, start=OPEN - timedelta(days=1))
    friday = feed_bars(20, first=6)
    store(bars, "GOOG", [*thursday, *friday])
    follower.subscribe(caller(connection), GOOG)
    assert subscribed(connection) == (5, 25)
    assert pushed(connection) == list(range(6, 26))
    assert len(connection.sent) == 2
    assert list(connections.subscribers(TOPIC)) == ["c1"]


def test_session_without_end_begins_at_midnight_utc(
    follower: SymbolFollower, bars: HotStore, connection: Connection
) -> None:
    midnight = OPEN.replace(hour=0, minute=0)
    store(bars, "GOOG", feed_bars(6, start=midnight - 3 * STEP))
    follower.subscribe(caller(connection), GOOG)
    assert (subscribed(connection), pushed(connection)) == ((3, 6), [4, 5, 6])


def test_subscriber_gets_what_follows_its_last_bar(
    follower: SymbolFollower, bars: HotStore, connection: Connection
) -> None:
    store(bars, "GOOG", [*feed_bars(5, start=OPEN - timedelta(days=1)), *feed_bars(5, first=6)])
    follower.subscribe(caller(connection), GOOG.model_copy(update={"after": 3}))
    assert (subscribed(connection), pushed(connection)) == ((3, 10), [4, 5, 6, 7, 8, 9, 10])


def test_subscriber_that_has_all_bars_gets_none(
    follower: SymbolFollower, bars: HotStore, connection: Connection
) -> None:
    store(bars, "GOOG", feed_bars(3))
    follower.subscribe(caller(connection), GOOG.model_copy(update={"after": 3}))
    assert (subscribed(connection), pushed(connection)) == ((3, 3), [])


def test_reply_tells_of_bars_that_only_the_lake_has(
    follower: SymbolFollower, bars: HotStore, connection: Connection
) -> None:
    store(bars, "GOOG", feed_bars(6))
    bars.delete("GOOG", [1, 2, 3, 4])
    follower.subscribe(caller(connection), GOOG.model_copy(update={"after": 2}))
    assert (subscribed(connection), pushed(connection)) == ((4, 6), [5, 6])


@pytest.mark.parametrize("after", [None, 2])
def test_reply_tells_where_a_series_goes_on_whose_bars_are_all_in_the_lake(
    follower: SymbolFollower, bars: HotStore, connection: Connection, after: int | None
) -> None:
    store(bars, "GOOG", feed_bars(4))
    bars.delete("GOOG", [1, 2, 3, 4])
    follower.subscribe(caller(connection), GOOG.model_copy(update={"after": after}))
    assert (subscribed(connection), pushed(connection)) == ((4, 4), [])


def test_bar_that_is_stored_before_the_subscription_is_sent(
    bars: HotStore, watch_list: WatchList, connections: ConnectionStore, connection: Connection
) -> None:
    """It is not delivered, as the connection was no subscriber then."""

    class Late(ConnectionStore):
        def subscribe(self, *arguments: Any) -> None:
            store(bars, "GOOG", feed_bars(1, first=3, start=OPEN + 2 * STEP))
            super().subscribe(*arguments)

    store(bars, "GOOG", feed_bars(2))
    late = Late(connections._connections, connections._subscriptions)
    SymbolFollower(bars, watch_list, late).subscribe(caller(connection), GOOG)
    assert (subscribed(connection), pushed(connection)) == ((0, 3), [1, 2, 3])


def test_snapshot_of_a_long_session_takes_few_messages(
    follower: SymbolFollower, bars: HotStore, table: "Table", connection: Connection
) -> None:
    stored = feed_bars(1_440, start=OPEN.replace(hour=0, minute=0))
    with table.batch_writer() as batch:
        for each in stored[:-1]:
            batch.put_item(Item=bar_row("GOOG", each))
    store(bars, "GOOG", stored[-1:])
    follower.subscribe(caller(connection), GOOG)
    assert (subscribed(connection), pushed(connection)) == ((0, 1_440), list(range(1, 1_441)))
    assert len(connection.sent) <= 5


def test_snapshot_ends_when_the_connection_is_gone(
    follower: SymbolFollower, bars: HotStore, connection: Connection
) -> None:
    store(bars, "GOOG", feed_bars(3))
    connection.gone_after = 1
    follower.subscribe(caller(connection), GOOG)
    assert len(connection.sent) == 1


def test_watched_symbol_without_bars_is_subscribed_to(
    follower: SymbolFollower, watch_list: WatchList, connections: ConnectionStore, connection: Connection
) -> None:
    watch_list.add(["GOOG"], "XNYS", "ada")
    follower.subscribe(caller(connection), GOOG)
    assert (subscribed(connection), pushed(connection)) == ((0, 0), [])
    assert list(connections.subscribers(TOPIC)) == ["c1"]


@pytest.mark.parametrize(("watched", "hint"), [(["AAPL"], ""), (["AAPL", "GOOGL"], r" \(did you mean GOOGL\?\)")])
def test_symbol_that_is_not_fetched_is_not_found(
    follower: SymbolFollower,
    watch_list: WatchList,
    connections: ConnectionStore,
    connection: Connection,
    *,
    watched: list[str],
    hint: str,
) -> None:
    watch_list.add(watched, "XNYS", "ada")
    with pytest.raises(RunError, match=f"does not fetch GOOG{hint}: add it with `tickfold feed add GOOG`") as caught:
        follower.subscribe(caller(connection), GOOG)
    assert caught.value.code == "not_found"
    assert not list(connections.subscribers(TOPIC))
    assert not connection.sent


def test_number_that_the_series_does_not_have_is_refused(
    follower: SymbolFollower, bars: HotStore, connections: ConnectionStore, connection: Connection
) -> None:
    store(bars, "GOOG", feed_bars(3))
    with pytest.raises(RunError, match=r"after is 4, but the last bar of GOOG has number 3") as caught:
        follower.subscribe(caller(connection), GOOG.model_copy(update={"after": 4}))
    assert caught.value.code == "invalid"
    assert not list(connections.subscribers(TOPIC))


def test_unsubscribe_is_idempotent(
    follower: SymbolFollower, bars: HotStore, connections: ConnectionStore, connection: Connection
) -> None:
    store(bars, "GOOG", feed_bars(1))
    follower.subscribe(caller(connection), GOOG)
    for _ in range(2):
        follower.unsubscribe(caller(connection), Unsubscribe(topic="symbol", id="goog"))
    assert not list(connections.subscribers(TOPIC))
    assert connection.messages[2:] == [Unsubscribed(topic="symbol", id="GOOG", correlation_id="x1")] * 2


# --- the feed --------------------------------------------------------------------------------------------------------


def last_feed(connection: Connection) -> Feed:
    feed = connection.messages[-1]
    assert isinstance(feed, Feed)
    return feed


def test_feed_tells_how_far_each_symbol_is(follower: SymbolFollower, bars: HotStore, connection: Connection) -> None:
    store(bars, "GOOG", feed_bars(3))
    follower.feed(caller(connection), AddFeedSymbols(symbols=["goog", "AAPL"]))
    follower.feed(caller(connection), AddFeedSymbols(symbols=["BTC/USD"], market="24/7"))
    listed = [(each.symbol, each.market, each.sequence, each.provider) for each in last_feed(connection).symbols]
    assert listed == [("AAPL", "XNYS", 0, None), ("BTC/USD", "24/7", 0, None), ("GOOG", "XNYS", 3, "file")]
    aapl, _, goog = last_feed(connection).symbols
    last = int((OPEN + 2 * STEP).timestamp()) * 1_000
    assert (aapl.last_bar, goog.last_bar, goog.timeframe, goog.quarantined) == (None, last, "1m", 0)
    assert last_feed(connection).correlation_id == "x1"


def test_feed_forgets_removed_symbols_but_keeps_their_bars(
    follower: SymbolFollower, bars: HotStore, connection: Connection
) -> None:
    store(bars, "GOOG", feed_bars(3))
    follower.feed(caller(connection), AddFeedSymbols(symbols=["GOOG", "AAPL"]))
    for _ in range(2):
        follower.feed(caller(connection), RemoveFeedSymbols(symbols=["GOOG"]))
        assert [each.symbol for each in last_feed(connection).symbols] == ["AAPL"]
    follower.subscribe(caller(connection), GOOG)
    assert pushed(connection) == [1, 2, 3]


def test_feed_of_the_most_and_longest_symbols_comes_in_pages(
    follower: SymbolFollower, watch_list: WatchList, connection: Connection
) -> None:
    names = [f"{'日' * 17}{number:03d}" for number in range(MOST_SYMBOLS)]
    watch_list.add(names, "XNYS", ADA.user_id)
    listed: list[str] = []
    after: str | None = None
    pages = 0
    while pages == 0 or after:
        follower.feed(caller(connection), ListFeed(after=after))
        listed += [each.symbol for each in last_feed(connection).symbols]
        after, pages = last_feed(connection).next, pages + 1
    assert (listed, pages) == (names, 2)


def test_feed_that_would_be_too_long_is_refused(follower: SymbolFollower, connection: Connection) -> None:
    for first in range(0, MOST_SYMBOLS, 50):
        names = [f"S{number}" for number in range(first, first + 50)]
        follower.feed(caller(connection), AddFeedSymbols(symbols=names))
    with pytest.raises(RunError, match="can fetch 200; remove some first") as caught:
        follower.feed(caller(connection), AddFeedSymbols(symbols=["MORE"]))
    assert caught.value.code == "limit"
