"""Missing bars by an exchange calendar are exactly those that its sessions have and a series lacks."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfold.engine.arrays import Ints
from tickfold.market_data.exchange_calendar import ExchangeCalendar, Session
from tickfold.market_data.inspection import Gap
from tickfold.market_data.series import utc
from tickfold.market_data.session_gaps import find_session_gaps

XNYS, ALWAYS = ExchangeCalendar.named("XNYS"), ExchangeCalendar.named("24/7")
MINUTE = 60_000_000
DAY = timedelta(days=1)


def session(day: str) -> Session:
    found = XNYS.session(date.fromisoformat(day))
    assert found
    return found


WEEK = XNYS.minutes(session("2026-11-23").open, session("2026-12-01").close)
"""Six sessions around Thanksgiving, one of which closes early."""


def shown(gaps: list[Gap] | None) -> list[tuple[str, str, int]]:
    assert gaps is not None
    return [(f"{utc(gap.after):%d %H:%M}", f"{utc(gap.before):%d %H:%M}", gap.missing) for gap in gaps]


def by_the_open(minutes: Ints, length: int) -> Ints:
    """Return the starts of bars of `length` minutes that are counted from each open."""
    since_open = np.concatenate([np.arange(n) for n in np.diff(_starts(minutes), append=len(minutes))])
    return np.asarray(minutes[since_open % length == 0])


def _starts(minutes: Ints) -> Ints:
    return np.flatnonzero(np.diff(minutes, prepend=0) > MINUTE)


@given(missing=st.sets(st.integers(1, len(WEEK) - 2), max_size=400))
def test_missing_minutes_are_counted_where_they_are_missing(missing: set[int]) -> None:
    present = np.delete(WEEK, sorted(missing))
    gaps = find_session_gaps(present, "1m", XNYS)
    assert gaps is not None
    found = [WEEK[_between(gap)].tolist() for gap in gaps]
    assert [minute for each in found for minute in each] == WEEK[sorted(missing)].tolist()
    assert [gap.missing for gap in gaps] == [len(minutes) for minutes in found]


def _between(gap: Gap) -> slice:
    return slice(int(np.searchsorted(WEEK, gap.after)) + 1, int(np.searchsorted(WEEK, gap.before)))


def test_gap_over_a_night_counts_the_minutes_of_both_sessions() -> None:
    present = np.delete(WEEK, np.r_[388:392])
    assert shown(find_session_gaps(present, "1m", XNYS)) == [("23 20:57", "24 14:32", 4)]


def test_half_day_lacks_no_afternoon() -> None:
    half = session("2026-11-27")
    assert find_session_gaps(XNYS.minutes(half.open, half.close), "1m", XNYS) == []
    assert find_session_gaps(WEEK, "1m", XNYS) == []


@pytest.mark.parametrize("length", [5, 30, 60, 240])
def test_longer_bars_may_start_by_the_clock_or_by_the_open(length: int) -> None:
    for starts in (np.unique(WEEK // (length * MINUTE)) * length * MINUTE, by_the_open(WEEK, length)):
        timeframe = f"{length}m"
        assert find_session_gaps(starts, timeframe, XNYS) == []
        gaps = find_session_gaps(np.delete(starts, 3), timeframe, XNYS)
        assert gaps == [Gap(int(starts[2]), int(starts[4]), 1, "bars")]


def test_first_bar_of_a_clock_hour_may_be_at_the_open() -> None:
    hours = np.unique(np.maximum(WEEK // (60 * MINUTE) * 60 * MINUTE, WEEK - (WEEK % (60 * MINUTE))))
    opens = WEEK[_starts(WEEK)]
    mixed = np.unique(np.concatenate([hours[hours % (60 * MINUTE) == 0], opens]))
    mixed = mixed[~np.isin(mixed, opens // (60 * MINUTE) * 60 * MINUTE)]  # 14:30, 15:00, 16:00, …
    assert find_session_gaps(mixed, "1h", XNYS) == []


def test_days_without_a_session_are_not_missing() -> None:
    days = XNYS.days(date(2026, 1, 1), date(2026, 12, 31)) * 86_400_000_000
    assert find_session_gaps(days, "1d", XNYS) == []
    assert shown(find_session_gaps(np.delete(days, [10, 11, 50]), "1d", XNYS)) == [
        ("15 00:00", "21 00:00", 2),
        ("16 00:00", "18 00:00", 1),
    ]


def test_market_that_never_closes_lacks_minutes_of_the_weekend() -> None:
    saturday = ALWAYS.session(date(2026, 11, 28))
    assert saturday
    minutes = ALWAYS.minutes(saturday.open, saturday.close + DAY)
    assert find_session_gaps(minutes, "1m", ALWAYS) == []
    assert shown(find_session_gaps(np.delete(minutes, [700, 701]), "1m", ALWAYS)) == [("28 11:39", "28 11:42", 2)]


@pytest.mark.parametrize("timeframe", ["30s", "2d", "1w", "1mo"])
def test_other_timeframes_are_not_judged(timeframe: str) -> None:
    assert find_session_gaps(WEEK, timeframe, XNYS) is None
