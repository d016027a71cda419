"""Catching up: writes to PostgreSQL those bars of the hot table that it lacks, or has with other values.

The stream brings each bar within seconds. What it gave up, after an outage longer than it waits, is found here.
"""

from datetime import datetime
from itertools import takewhile

from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.minute_bar import FeedBar
from tickfold.market_data.sinks.exported_bar import ExportedBar
from tickfold.market_data.sinks.postgres import Exported, PostgresSink


def catch_up(sink: PostgresSink, hot: HotStore, symbol: str, since: datetime | None = None) -> Exported:
    """Compare the hot bars of `symbol`, those from `since` on if it is given, with PostgreSQL, and write what differs.

    Raises:
        SinkUnavailableError: PostgreSQL cannot be reached or does not carry out a statement.
        SinkMisconfiguredError: the connection string, the user's rights or the tables are not as expected.
    """
    newest = takewhile(lambda stored: since is None or stored.bar.time >= since, hot.newest_first(symbol))
    return sink.catch_up([_exported(symbol, stored) for stored in newest])


def _exported(symbol: str, stored: FeedBar) -> ExportedBar:
    bar = stored.bar
    return ExportedBar(
        symbol, bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume, sma9=stored.sma9, vwap=stored.vwap
    )
