"""The range of a fetch: it cuts no bar in two, holds nothing that is not final, and pieces are all of it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfold.engine.timeframe import timeframe_seconds
from tickfold.errors import RunError
from tickfold.market_data.coverage import Range, union
from tickfold.market_data.exchange_calendar import ExchangeCalendar
from tickfold.market_data.history_range import (
    SETTLED_AFTER,
    aligned,
    check_timeframe,
    day_range,
    has_session,
    pieces,
)

NEW_YORK = ExchangeCalendar.named("XNYS")
FRIDAY_OPEN, FRIDAY_CLOSE = datetime(2024, 3, 8, 14, 30, tzinfo=UTC), datetime(2024, 3, 8, 21, 0, tzinfo=UTC)
LATER = datetime(2026, 1, 1, tzinfo=UTC)
WEEK = st.integers(0, 7 * 1_440).map(lambda minute: datetime(2024, 3, 6, tzinfo=UTC) + timedelta(minutes=minute))


def test_days_are_whole_and_today_is_not_final() -> None:
    start, now = datetime(2024, 3, 4, 9, tzinfo=UTC), datetime(2024, 3, 8, 23, tzinfo=UTC)
    found = aligned("1d", start, datetime(2024, 3, 20, tzinfo=UTC), now, None)
    assert found == day_range(date(2024, 3, 4), date(2024, 3, 7))


def test_minutes_end_before_those_that_are_not_final() -> None:
    now = FRIDAY_OPEN + timedelta(minutes=60, seconds=30)
    found = aligned("1m", FRIDAY_OPEN, FRIDAY_CLOSE, now, NEW_YORK)
    assert found == (FRIDAY_OPEN, FRIDAY_OPEN + timedelta(minutes=40))


@pytest.mark.parametrize(
    ("now", "stop"),
    [
        (FRIDAY_CLOSE + SETTLED_AFTER, FRIDAY_CLOSE),
        (FRIDAY_CLOSE + SETTLED_AFTER - timedelta(seconds=1), FRIDAY_OPEN),
    ],
)
def test_hours_of_a_session_are_fetched_once_it_is_over(now: datetime, stop: datetime) -> None:
    inside = FRIDAY_OPEN + timedelta(minutes=50)
    assert aligned("1h", inside, FRIDAY_CLOSE - timedelta(minutes=1), now, NEW_YORK) == (FRIDAY_OPEN, stop)


def test_range_in_the_future_is_empty() -> None:
    start, end = aligned("1m", LATER, LATER + timedelta(days=1), FRIDAY_CLOSE, NEW_YORK)
    assert start == end


@given(WEEK, WEEK, WEEK, st.sampled_from(["1m", "5m", "15m", "1h"]))
def test_range_holds_what_is_asked_and_final_and_cuts_no_bar(
    start: datetime, end: datetime, now: datetime, timeframe: str
) -> None:
    start, end = min(start, end), max(start, end)
    begin, stop = aligned(timeframe, start, end, now, NEW_YORK)
    assert begin <= start
    assert stop == begin or stop <= now - SETTLED_AFTER
    for edge in (begin, stop):
        session = NEW_YORK.session_at(edge)
        assert timeframe == "1m" or session is None or edge == session.open
    if now - SETTLED_AFTER >= end + timedelta(days=1):
        assert stop >= end


@given(st.lists(st.tuples(WEEK, WEEK), max_size=4), st.sampled_from(["1s", "1m", "1d"]))
def test_pieces_are_all_that_is_missing_and_none_is_too_long(edges: list[Range], timeframe: str) -> None:
    lacking = union(edges)
    found = pieces(lacking, timeframe, None)
    assert union(found) == lacking
    longest = max(20_000 * timeframe_seconds(timeframe), 86_400)
    assert all((end - start).total_seconds() <= longest for start, end in found)


def test_weekend_has_no_session() -> None:
    monday_open = datetime(2024, 3, 11, 13, 30, tzinfo=UTC)
    assert not has_session(NEW_YORK, "1m", (FRIDAY_CLOSE, monday_open))
    assert has_session(NEW_YORK, "1m", (FRIDAY_CLOSE, monday_open + timedelta(minutes=1)))
    assert not has_session(NEW_YORK, "1d", day_range(date(2024, 3, 9), date(2024, 3, 10)))
    assert has_session(NEW_YORK, "1d", day_range(date(2024, 3, 9), date(2024, 3, 11)))
    assert has_session(None, "1d", day_range(date(2024, 3, 9), date(2024, 3, 10)))


def test_days_reach_up_to_the_last_that_there_is() -> None:
    assert day_range(date.max, date.max) == (datetime(9999, 12, 31, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
    assert day_range(date.min, date.max)[0] == datetime(1, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("timeframe", ["1w", "1mo", "2d"])
def test_bars_longer_than_a_day_are_refused(timeframe: str) -> None:
    with pytest.raises(RunError, match=f"{timeframe} bars cannot be fetched"):
        check_timeframe(timeframe)
