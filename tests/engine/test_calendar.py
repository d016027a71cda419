"""The session calendar: inferred from bars of every market's week and hours, and the sessions that it makes."""

import re
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfold.engine.arrays import Ints
from tickfold.engine.calendar import SessionCalendar, infer_calendar, last_bars, session_dates

YEAR = ("2023-01-01", "2024-01-01")


def times(index: pd.DatetimeIndex) -> Ints:
    return np.asarray(index.tz_convert("UTC").as_unit("us").asi8, dtype=np.int64)


def around_the_clock(step: str, zone: str = "UTC") -> pd.DatetimeIndex:
    return pd.date_range(*YEAR, freq=step, tz=zone, inclusive="left")


def exchange(zone: str, opens: str, closes: str, step: str = "5min", days: str = "01234") -> Ints:
    """Bars from `opens` until before `closes`, local time, on weekdays numbered from Monday = 0."""
    every = around_the_clock(step, zone)
    clock = every.strftime("%H:%M")
    within = (clock >= opens) & (clock < closes) if opens < closes else (clock >= opens) | (clock < closes)
    began = (every.tz_localize(None) - pd.Timedelta(f"{opens}:00")).day_of_week.astype(str)
    return times(every[within & began.isin(list(days))])


def evening_market(zone: str, opens: int, closes: int, step: str = "1h") -> pd.DatetimeIndex:
    """Bars of a market that opens on Sunday evening, closes on Friday afternoon, and rests between the two hours."""
    every = around_the_clock(step, zone)
    day, hour = every.day_of_week, every.hour
    weekend = (day == 5) | ((day == 6) & (hour < opens)) | ((day == 4) & (hour >= closes))
    return every[~weekend & ~((hour >= closes) & (hour < opens))]


FX = evening_market("America/New_York", 17, 17)
FUTURE = evening_market("America/New_York", 18, 17)


@pytest.mark.parametrize(
    ("timestamp", "calendar"),
    [
        pytest.param(times(around_the_clock("1h")), SessionCalendar("UTC", 0, 7), id="cryptocurrency"),
        pytest.param(times(around_the_clock("4h")), SessionCalendar("UTC", 0, 7), id="cryptocurrency, 4 h"),
        pytest.param(times(FX), SessionCalendar("America/New_York", 17 * 60, 5), id="currency"),
        pytest.param(times(FUTURE), SessionCalendar("America/New_York", 18 * 60, 5), id="future"),
        pytest.param(
            exchange("America/New_York", "09:30", "16:00"), SessionCalendar("America/New_York", 0, 5), id="NYSE"
        ),
        pytest.param(
            exchange("America/New_York", "04:00", "20:00"), SessionCalendar("America/New_York", 0, 5), id="extended"
        ),
        pytest.param(exchange("Asia/Tokyo", "09:00", "15:00"), SessionCalendar("UTC", 0, 5), id="Tokyo"),
        pytest.param(exchange("Europe/London", "08:00", "16:30"), SessionCalendar("Europe/London", 0, 5), id="London"),
        pytest.param(
            exchange("Australia/Sydney", "10:00", "16:00"), SessionCalendar("Australia/Sydney", 0, 5), id="Sydney"
        ),
        pytest.param(
            exchange("Asia/Tokyo", "08:45", "06:00", "15min", "01234"),
            SessionCalendar("UTC", 23 * 60 + 45, 5),
            id="Osaka's future, over UTC midnight",
        ),
        pytest.param(
            exchange("Asia/Riyadh", "10:00", "15:00", days="60123"), SessionCalendar("UTC", 0, 5), id="Riyadh"
        ),
        pytest.param(
            exchange("Asia/Kolkata", "09:15", "15:30", days="012345"), SessionCalendar("UTC", 0, 6), id="6 days"
        ),
    ],
)
def test_calendar_is_inferred(timestamp: Ints, calendar: SessionCalendar) -> None:
    assert infer_calendar(timestamp) == calendar


@pytest.mark.parametrize(("days", "week"), [("01234", 5), ("012346", 6), ("0123456", 7), ("60123", 5)])
def test_week_of_daily_bars(days: str, week: int) -> None:
    every = around_the_clock("1D")
    assert infer_calendar(times(every[every.day_of_week.astype(str).isin(list(days))])).week == week


def test_rare_session_on_a_saturday_is_no_sixth_day() -> None:
    every = around_the_clock("1D")
    some = every[(every.day_of_week < 5) | (every == pd.Timestamp("2023-11-11", tz="UTC"))]
    assert infer_calendar(times(some)).week == 5


@pytest.mark.parametrize(("bars", "zone", "opens"), [(FX, "America/New_York", 17), (FUTURE, "America/New_York", 18)])
def test_session_of_an_evening_bears_the_date_of_the_next_day(bars: pd.DatetimeIndex, zone: str, opens: int) -> None:
    local = bars.tz_convert(zone)
    # Clocks change on Sunday mornings, when both are closed: adding hours of the clock is exact.
    found = session_dates(times(bars), SessionCalendar(zone, opens * 60, 5))
    naive = (local.tz_localize(None) + pd.Timedelta(hours=24 - opens)).normalize()
    assert found.tolist() == (naive - pd.Timestamp(0)).days.tolist()
    assert set(pd.to_datetime(np.unique(found), unit="D").day_of_week) == {0, 1, 2, 3, 4}


def test_sessions_of_new_york_follow_its_clock() -> None:
    timestamp = exchange("America/New_York", "04:00", "20:00", "1h")
    found = session_dates(timestamp, SessionCalendar("America/New_York", 0, 5))
    local = pd.to_datetime(timestamp, unit="us", utc=True).tz_convert(ZoneInfo("America/New_York"))
    assert found.tolist() == (local.tz_localize(None).normalize() - pd.Timestamp(0)).days.tolist()
    last = last_bars(timestamp, SessionCalendar("America/New_York", 0, 5))
    assert last.tolist() == np.flatnonzero(np.append(np.diff(found) > 0, True)).tolist()


@pytest.mark.parametrize(
    ("calendar", "text"),
    [
        (SessionCalendar("UTC", 0, 7), "24/7"),
        (SessionCalendar(), "weekdays"),
        (SessionCalendar("America/New_York", 0, 5), "weekdays, America/New_York"),
        (SessionCalendar("America/New_York", 1_020, 5), "weekdays, America/New_York from 17:00"),
    ],
)
def test_calendar_as_text(calendar: SessionCalendar, text: str) -> None:
    assert str(calendar) == text


@given(
    st.builds(
        SessionCalendar,
        st.sampled_from(sorted(available_timezones())),
        st.integers(0, 1_439),
        st.sampled_from([5, 6, 7]),
    )
)
def test_text_of_every_calendar_is_read_back(calendar: SessionCalendar) -> None:
    assert SessionCalendar.parse(str(calendar)) == calendar


@pytest.mark.parametrize(
    ("text", "calendar"),
    [
        ("24/7", SessionCalendar(week=7)),
        ("Weekdays", SessionCalendar()),
        ("6 days a week", SessionCalendar(week=6)),
        ("UTC", SessionCalendar()),
        ("America/New_York", SessionCalendar("America/New_York")),
        ("america/new_york 18:00", SessionCalendar("America/New_York", 1_080)),
        (" UTC 17:00 ", SessionCalendar("UTC", 1_020)),
        ("17:00", SessionCalendar("UTC", 1_020)),
        ("24/7, UTC 17:00", SessionCalendar("UTC", 1_020, 7)),
        ("24/7 Asia/Tokyo from 9:05", SessionCalendar("Asia/Tokyo", 545, 7)),
        ("Etc/GMT+5 08:00", SessionCalendar("Etc/GMT+5", 480)),
    ],
)
def test_calendar_is_read_from_text(text: str, calendar: SessionCalendar) -> None:
    assert SessionCalendar.parse(text) == calendar


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "'' is not a session calendar: write 24/7, weekdays, 6 days a week, America/New_York"),
        ("4 days a week", "'4 days a week' is not a session calendar"),
        ("weekdays24/7", "'weekdays24/7' is not a time zone"),
        ("weekdays,", "is not a session calendar"),
        ("UTC17:00", "is not a session calendar"),
        ("UTC 17", "is not a session calendar"),
        ("UTC 24:00", "24:00 is not a time of day"),
        ("UTC 17:60", "17:60 is not a time of day"),
        ("Mars/Olympus", "'Mars/Olympus' is not a time zone such as America/New_York"),
        ("../../etc/passwd", "is not a session calendar"),
        ("NYSE", "'NYSE' is not a time zone"),
    ],
)
def test_text_that_is_no_calendar_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        SessionCalendar.parse(text)


def test_no_bars_have_no_sessions() -> None:
    assert session_dates(np.empty(0, np.int64), SessionCalendar("Europe/London", 0, 5)).tolist() == []
