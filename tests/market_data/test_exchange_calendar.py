"""Exchange calendars, against exchange_calendars for every day of the table."""

from datetime import UTC, date, datetime, timedelta
from functools import cache

import exchange_calendars
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfold.engine.arrays import Ints
from tickfold.engine.calendar import day_number
from tickfold.errors import RunError
from tickfold.market_data.exchange_calendar import ExchangeCalendar, Session

XNYS = ExchangeCalendar.named("XNYS")
ALWAYS = ExchangeCalendar.named("24/7")
FIRST, LAST = date(1990, 1, 1), date(2028, 12, 31)
MINUTE = timedelta(minutes=1)

minutes_of_table = st.integers(0, (LAST - FIRST).days * 1_440 - 1).map(lambda n: _utc(FIRST) + n * MINUTE)


def _utc(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@cache
def _oracle() -> pd.DataFrame:
    return exchange_calendars.get_calendar("XNYS", start=str(FIRST), end=str(LAST)).schedule


def _microseconds(times: "pd.DatetimeIndex | pd.Series[pd.Timestamp]") -> Ints:
    return np.asarray(pd.DatetimeIndex(times.to_numpy(dtype="datetime64[us]")).asi8, dtype=np.int64)


# --- against exchange_calendars ---------------------------------------------------------------------------------------


def test_every_day_has_the_session_of_exchange_calendars() -> None:
    oracle = {row.Index.date(): (row.open, row.close) for row in _oracle().itertuples()}
    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    sessions = {day: session for day in days if (session := XNYS.session(day))}
    assert XNYS.last_day == LAST
    assert {day: (session.open, session.close) for day, session in sessions.items()} == oracle
    assert all(session.day == day for day, session in sessions.items())
    assert XNYS.days(FIRST, LAST).tolist() == [day_number(day) for day in oracle]


def test_minutes_of_the_whole_table_are_those_of_exchange_calendars() -> None:
    calendar = exchange_calendars.get_calendar("XNYS", start=str(FIRST), end=str(LAST), side="left")
    found = XNYS.minutes(_utc(FIRST), _utc(LAST) + timedelta(days=1))
    assert np.array_equal(found, _microseconds(calendar.minutes))
    assert XNYS.in_session(found).all()
    opens, closes = (_microseconds(_oracle()[column]) for column in ("open", "close"))
    assert not XNYS.in_session(np.concatenate([opens - 1, closes])).any()
    assert XNYS.in_session(closes - 1).all()


def test_neighbours_of_every_session_are_those_of_exchange_calendars() -> None:
    days = [day.date() for day in _oracle().index]
    assert [XNYS.next_session(day).day for day in days[:-1]] == days[1:]
    assert [XNYS.previous_session(day).day for day in days[1:]] == days[:-1]


# --- known days -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        ("2026-03-06", ("14:30", "21:00")),  # the Friday before clocks go forward
        ("2026-03-09", ("13:30", "20:00")),
        ("2026-10-30", ("13:30", "20:00")),  # the Friday before they go back
        ("2026-11-02", ("14:30", "21:00")),
        ("2006-03-13", ("14:30", "21:00")),  # until 2006 they went forward in April
        ("2026-11-27", ("14:30", "18:00")),  # the day after Thanksgiving
        ("2026-11-26", None),  # Thanksgiving
        ("2026-06-19", None),  # a holiday since 2022
        ("2020-06-19", ("13:30", "20:00")),
        ("2025-01-09", None),  # a day of mourning
        ("2012-10-29", None),  # a hurricane
        ("2026-11-28", None),  # a Saturday
    ],
)
def test_session_of_a_known_day_is_as_the_exchange_had_it(day: str, hours: tuple[str, str] | None) -> None:
    session = XNYS.session(date.fromisoformat(day))
    assert (session and (f"{session.open:%H:%M}", f"{session.close:%H:%M}")) == hours


def test_session_at_includes_the_open_and_excludes_the_close() -> None:
    session = Session(
        date(2026, 11, 27), datetime(2026, 11, 27, 14, 30, tzinfo=UTC), datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
    )
    assert XNYS.session_at(session.open) == XNYS.session_at(session.close - MINUTE) == session
    assert XNYS.session_at(session.open - MINUTE) is XNYS.session_at(session.close) is None
    assert XNYS.session_at(datetime.fromisoformat("2026-11-27T09:30:59-05:00")) == session
    assert len(XNYS.minutes(session.open, session.close)) == 210


# --- properties -------------------------------------------------------------------------------------------------------


@given(start=minutes_of_table, days=st.integers(0, 20), cut=st.floats(0, 1), seconds=st.integers(0, 59))
def test_minutes_of_a_range_are_those_of_its_two_parts(start: datetime, days: int, cut: float, seconds: int) -> None:
    start = start + timedelta(seconds=seconds)
    end = min(start + timedelta(days=days), _utc(LAST))
    middle = start + cut * max(end - start, timedelta(0))
    for calendar in (XNYS, ALWAYS):
        parts = [calendar.minutes(start, middle), calendar.minutes(middle, end)]
        assert np.array_equal(calendar.minutes(start, end), np.concatenate(parts))


@given(time=minutes_of_table)
def test_session_at_agrees_with_minutes_and_session(time: datetime) -> None:
    for calendar in (XNYS, ALWAYS):
        session, minutes = calendar.session_at(time), calendar.minutes(time, time + MINUTE)
        assert len(minutes) == (session is not None)
        assert calendar.in_session(np.array([_minute(time)])).tolist() == [session is not None]
        if session:
            assert session.open <= time < session.close
            assert session == calendar.session(session.day)


@given(time=minutes_of_table)
def test_next_session_undoes_previous_session(time: datetime) -> None:
    for calendar in (XNYS, ALWAYS):
        if calendar is XNYS and not date(1990, 1, 3) <= time.date() <= date(2028, 12, 28):
            continue
        session = calendar.session(time.date())
        if session:
            assert calendar.next_session(calendar.previous_session(session.day).day) == session
        before, after = calendar.previous_session(time.date()), calendar.next_session(time.date())
        between = calendar.days(before.day + timedelta(days=1), after.day - timedelta(days=1))
        assert len(between) == (session is not None)


def _minute(time: datetime) -> int:
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


# --- a market that never closes ---------------------------------------------------------------------------------------


def test_session_of_a_market_that_never_closes_is_a_utc_day() -> None:
    day = Session(date(2026, 11, 28), datetime(2026, 11, 28, tzinfo=UTC), datetime(2026, 11, 29, tzinfo=UTC))
    assert ALWAYS.session_at(datetime.fromisoformat("2026-11-28T22:00-01:00")) == day
    assert ALWAYS.session_at(datetime.fromisoformat("2026-11-28T23:00-01:00")) == ALWAYS.session(date(2026, 11, 29))
    assert len(ALWAYS.minutes(day.open, day.close)) == 1_440
    assert (ALWAYS.last_day, ALWAYS.warn_if_ending(date(2999, 1, 1))) == (None, None)


# --- outside of the table ---------------------------------------------------------------------------------------------

BEFORE, AFTER = FIRST - timedelta(days=1), LAST + timedelta(days=1)
OUTSIDE = "The calendar of XNYS has the days from 1990-01-01 to 2028-12-31, and {} is none of them"


@pytest.mark.parametrize("day", [BEFORE, AFTER])
def test_day_outside_of_the_table_is_an_error(day: date) -> None:
    noon = _utc(day) + timedelta(hours=12)
    calls = (
        lambda: XNYS.session(day),
        lambda: XNYS.session_at(noon),
        lambda: XNYS.minutes(noon, noon + MINUTE),
        lambda: XNYS.days(day, day),
        lambda: XNYS.in_session(np.array([_minute(noon)])),
        lambda: XNYS.previous_session(day),
        lambda: XNYS.next_session(day),
    )
    for call in calls:
        with pytest.raises(RunError) as caught:
            call()
        assert str(caught.value).startswith(OUTSIDE.format(day))


def test_range_that_leaves_the_table_is_an_error() -> None:
    inside = _utc(LAST) + timedelta(hours=20)
    for start, end, named in ((inside, inside + timedelta(hours=5), AFTER), (_utc(BEFORE), inside, BEFORE)):
        with pytest.raises(RunError, match=OUTSIDE.format(named)):
            XNYS.minutes(start, end)
    assert len(XNYS.minutes(inside, _utc(AFTER))) == 0
    assert len(XNYS.in_session(np.array([], dtype=np.int64))) == 0


def test_neighbour_outside_of_the_table_is_an_error() -> None:
    with pytest.raises(RunError, match=OUTSIDE.format(AFTER.isoformat())):
        XNYS.next_session(date(2028, 12, 29))
    with pytest.raises(RunError, match=OUTSIDE.format("1989-12-31")):
        XNYS.previous_session(date(1990, 1, 2))


@pytest.mark.parametrize("name", ["XNYZ", "", "NYSE"])
def test_unknown_market_is_an_error_that_lists_the_known_ones(name: str) -> None:
    with pytest.raises(RunError, match=r"is not a market with a calendar: write XNYS or 24/7"):
        ExchangeCalendar.named(name)


def test_name_of_a_market_may_be_in_lower_case() -> None:
    assert ExchangeCalendar.named("xnys") is XNYS
    assert (XNYS.name, ALWAYS.name) == ("XNYS", "24/7")


# --- the end of the table ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "ends"),
    [
        ("2028-10-02", None),  # 90 days
        ("2028-10-03", "ends on 2028-12-31, in 89 days"),
        ("2028-12-31", "ends on 2028-12-31, in 0 days"),
        ("2029-01-01", "ended on 2028-12-31"),
    ],
)
def test_warning_says_what_to_do_from_90_days_before_the_end(today: str, ends: str | None) -> None:
    warning = XNYS.warn_if_ending(date.fromisoformat(today))
    expected = f"The calendar of XNYS {ends}: update exchange_calendars, run `make calendar`, and deploy"
    assert warning == (expected if ends else None)
