"""Silence of the feed: counted in session minutes, and nothing outside of sessions."""

from datetime import datetime, timedelta

import pytest

from tests.market_data.feed.market import at
from tickfold.market_data.feed.feed_state import FeedState
from tickfold.market_data.feed.silence import silent_minutes
from tickfold.market_data.feed.watch_list import Watched

GOOG, IBM, BTC = Watched("GOOG", "XNYS"), Watched("IBM", "XNYS"), Watched("BTC/USD", "24/7")


def silence(now: str, **last: str | None) -> int | None:
    """Return the silence of the watched symbols, each with the start of its last bar."""
    watched = [each for each in (GOOG, IBM, BTC) if each.symbol.partition("/")[0] in last]
    times = {each.symbol: last[each.symbol.partition("/")[0]] for each in watched}
    states = {symbol: FeedState(last_time=at(time) if time else None) for symbol, time in times.items()}
    return silent_minutes(watched, states, at(now))


@pytest.mark.parametrize(
    ("now", "last", "minutes"),
    [
        ("2025-12-01T15:00", "2025-12-01T14:59", 0),
        ("2025-12-01T15:15", "2025-12-01T14:59", 15),
        ("2025-12-01T14:45", "2025-11-28T17:59", 15),  # since the open, and not since Friday
        ("2025-12-01T14:31", "2025-11-28T17:50", 1),
        ("2025-12-01T21:00", "2025-12-01T20:50", 9),
        ("2025-12-01T14:40", None, 10),
    ],
)
def test_silence_counts_minutes_of_the_session(now: str, last: str | None, minutes: int) -> None:
    assert silence(now, GOOG=last) == minutes


@pytest.mark.parametrize(
    "now",
    [
        "2025-12-01T14:30",  # no minute is over yet
        "2025-12-01T21:01",
        "2025-11-28T18:01",  # after an early close
        "2025-11-27T16:00",  # Thanksgiving
        "2025-11-29T16:00",
    ],
)
def test_outside_of_sessions_nothing_is_silent(now: str) -> None:
    assert silence(now, GOOG="2025-11-26T20:59") is None


def test_one_symbol_of_a_market_ends_its_silence() -> None:
    assert silence("2025-12-01T15:15", GOOG="2025-12-01T14:40", IBM="2025-12-01T15:14") == 0


def test_silence_is_that_of_the_most_silent_market() -> None:
    assert silence("2025-12-01T15:15", GOOG="2025-12-01T15:14", BTC="2025-12-01T15:00") == 14


def test_silence_of_days_is_bounded() -> None:
    assert silence("2025-12-05T15:00", BTC="2025-12-01T15:00") == 15 * 60


def test_nothing_watched_is_never_silent() -> None:
    assert silent_minutes([], {}, datetime.fromisoformat("2025-12-01T15:00+00:00") + timedelta()) is None
