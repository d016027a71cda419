"""Bars for the servers: real daily bars, and minutes of real sessions with real prices.

The minutes' prices and volumes are GOOG's daily ones from 2004 on; only their times are made up. The sessions are those
around both changes of New York's clock in 2024, and the half day after Thanksgiving.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from bokeh_sampledata.stocks import GOOG

from tickfold.engine.bars import COLUMNS, Bars, join
from tickfold.engine.calendar import MICROSECONDS_PER_DAY

NEW_YORK = ZoneInfo("America/New_York")
MINUTE = 60_000_000
SESSIONS = (
    (date(2024, 3, 8), time(16, 0)),
    (date(2024, 3, 11), time(16, 0)),
    (date(2024, 11, 1), time(16, 0)),
    (date(2024, 11, 4), time(16, 0)),
    (date(2024, 11, 29), time(13, 0)),
)


@cache
def daily() -> Bars:
    """Return GOOG's daily bars from 2004-08-19 to 2013-03-01, each at 00:00 UTC of its date."""
    days = np.array(GOOG["date"], dtype="datetime64[D]").astype(np.int64)
    columns = (GOOG["open"], GOOG["high"], GOOG["low"], GOOG["close"], GOOG["volume"])
    opens, highs, lows, closes, volumes = (np.array(column, dtype=np.float64) for column in columns)
    return Bars(days * MICROSECONDS_PER_DAY, opens, highs, lows, closes, volumes)


@cache
def intraday(minutes: int = 1) -> Bars:
    """Return a bar for every `minutes` of the sessions."""
    times = np.concatenate([_starts(day, closes, minutes) for day, closes in SESSIONS])
    bars = daily()[: len(times)]
    return Bars(times, bars.open, bars.high, bars.low, bars.close, bars.volume)


def session(day: date, bars: Bars) -> Bars:
    """Return the bars of one session."""
    start, end = at(day, time(9, 30)), at(day, time(16, 0))
    return bars[(bars.timestamp >= microseconds(start)) & (bars.timestamp < microseconds(end))]


def at(day: date, clock: time) -> datetime:
    """Return a time of day in New York, in UTC."""
    return datetime.combine(day, clock, NEW_YORK).astimezone(UTC)


def microseconds(when: datetime) -> int:
    return (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def when(timestamp: int) -> datetime:
    """Return the UTC time of a bar."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(timestamp))


def assert_same(pages: list[Bars], expected: Bars) -> None:
    """Check that the pages are the expected bars, exactly, and that none is empty."""
    assert all(len(page) for page in pages)
    if not len(expected):
        assert pages == []
        return
    found = join(pages)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


def _starts(day: date, closes: time, minutes: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    first, last = microseconds(at(day, time(9, 30))), microseconds(at(day, closes))
    return np.arange(first, last, minutes * MINUTE, dtype=np.int64)
