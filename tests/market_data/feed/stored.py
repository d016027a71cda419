"""Bars of the feed, and how they get into the hot table, for the tests of this folder."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime

from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.minute_bar import STEP, FeedBar, MinuteBar
from tickfold.market_data.feed.session_indicators import SessionIndicators

OPEN = datetime(2026, 1, 30, 14, 30, tzinfo=UTC)
"""The open of New York on Friday."""


def feed_bars(count: int, *, first: int = 1, start: datetime = OPEN, base: float = 100.0) -> list[FeedBar]:
    """Return bars of one minute after another, numbered from `first`."""
    return [_feed_bar(first + at, start + at * STEP, base + at / 8) for at in range(count)]


def _feed_bar(sequence: int, time: datetime, price: float) -> FeedBar:
    sma9 = price - 0.5 if sequence >= 9 else None
    return FeedBar(sequence, MinuteBar(time, price, price + 1, price - 1, price + 0.25, 1_000.0), sma9, price, "file")


def store(bars: HotStore, symbol: str, stored: Iterable[FeedBar]) -> None:
    """Append bars one by one, as ticks do."""
    for each in stored:
        before = bars.state(symbol)
        after = replace(
            before,
            revision=before.revision + 1,
            sequence=each.sequence,
            last_time=each.bar.time,
            indicators=SessionIndicators(session=date(2026, 1, 30)),
            provider=each.provider,
        )
        assert bars.append(symbol, before, after, [each])
