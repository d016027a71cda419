"""The session calendar of a series: when its trading days begin, which days of the week have one, how many a year has.

A session is what the market calls a day. That of a currency or a future begins on the evening before; that of a
cryptocurrency is the UTC day.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from math import nan

import numpy as np

from tickfold.engine.arrays import Ints

MICROSECONDS_PER_DAY = 86_400_000_000
_MINUTE = 60_000_000
_MINUTES_PER_DAY = 1_440
_NOON = 720
_EPOCH = date(1970, 1, 1).toordinal()
_THURSDAY = 3
"""The weekday of 1970-01-01, from Monday = 0."""

SESSIONS_PER_YEAR = {5: 252, 6: 312, 7: 365}
"""Sessions in a year of a market that trades on 5, 6 or 7 days a week: the field's conventions.

Five days a week less the holidays of an exchange are 252; a market of six days keeps no holidays to speak of.
"""


_WEEKS = {"24/7": 7, "24/5": 5, "weekdays": 5, "5 days a week": 5, "6 days a week": 6, "7 days a week": 7}
_NOTATION = (
    rf"(?P<week>{'|'.join(_WEEKS)})?(?(week)(?:, ?(?=\S)|\s+|$))"
    r"(?P<zone>[a-z][a-z0-9_+/-]*)?(?(zone)(?:\s+|$))(?:(?:from )?(?P<hour>\d{1,2}):(?P<minute>\d{2}))?"
)
_EXPECTED = "write 24/7, weekdays, 6 days a week, America/New_York, America/New_York 18:00 or 24/7, UTC 17:00"


@dataclass(frozen=True)
class SessionCalendar:
    """Sessions begin at `opens`, minutes after midnight in `zone`, on `week` days a week.

    A session that begins at noon or later bears the date of the next day, as evening sessions do everywhere.
    """

    zone: str = "UTC"
    opens: int = 0
    week: int = 5

    @property
    def sessions_per_year(self) -> int:
        return SESSIONS_PER_YEAR[self.week]

    def __str__(self) -> str:
        days = {5: "weekdays", 6: "6 days a week", 7: "24/7"}[self.week]
        if (self.zone, self.opens) == ("UTC", 0):
            return days
        begins = f" from {self.opens // 60:02d}:{self.opens % 60:02d}" if self.opens else ""
        return f"{days}, {self.zone}{begins}"

    @classmethod
    def parse(cls, text: str) -> "SessionCalendar":
        """Return the calendar that `text` means: what `str` writes, or a part of it, such as `America/New_York 18:00`.

        Without a week it is of weekdays, without a zone of UTC, without a time it begins at midnight.

        Raises:
            ValueError: it is none; the message says what is expected.
        """
        found = re.fullmatch(_NOTATION, text.strip(), re.IGNORECASE | re.ASCII)
        if not text.strip() or not found:
            raise ValueError(f"{text!r} is not a session calendar: {_EXPECTED}")
        hour, minute = int(found["hour"] or 0), int(found["minute"] or 0)
        if hour > 23 or minute > 59:
            raise ValueError(f"{found['hour']}:{found['minute']} is not a time of day from 00:00 to 23:59")
        week = _WEEKS[found["week"].lower()] if found["week"] else 5
        return cls(_zone_name(found["zone"]) if found["zone"] else "UTC", hour * 60 + minute, week)


def date_of(number: int) -> date:
    """Return the day that is `number` days after 1970-01-01."""
    return date.fromordinal(_EPOCH + number)


def day_number(day: date) -> int:
    """Return how many days after 1970-01-01 `day` is."""
    return day.toordinal() - _EPOCH


def session_dates(timestamp: Ints, calendar: SessionCalendar) -> Ints:
    """Return the date of each bar's session, in days since 1970, shape (bars,)."""
    if calendar.zone == "UTC":
        return (timestamp - calendar.opens * _MINUTE) // MICROSECONDS_PER_DAY + int(calendar.opens >= _NOON)
    if not len(timestamp):
        return timestamp
    first, begins = _sessions(int(timestamp[0]), int(timestamp[-1]), calendar)
    return first + np.searchsorted(begins, timestamp, side="right") - 1


def last_bars(timestamp: Ints, calendar: SessionCalendar) -> Ints:
    """Return the last bar of each session that has bars."""
    stops = np.searchsorted(timestamp, _sessions(int(timestamp[0]), int(timestamp[-1]), calendar)[1])
    last: Ints = stops[1:][stops[1:] > stops[:-1]] - 1  # sessions cover all times, so the last stop is behind all bars
    return last


def same_session(earlier: int, later: int, calendar: SessionCalendar) -> bool:
    """Return whether two times, in microseconds since 1970 UTC, belong to one session."""
    _, begins = _sessions(earlier, later, calendar)
    return bool(np.searchsorted(begins, earlier, side="right") == np.searchsorted(begins, later, side="right"))


def _sessions(start: int, stop: int, calendar: SessionCalendar) -> tuple[int, Ints]:
    """Return the date of the first of the sessions that cover two times, and the instants at which each begins."""
    first = start // MICROSECONDS_PER_DAY - 2
    last = stop // MICROSECONDS_PER_DAY + 3
    return first, _begins(calendar.zone, calendar.opens, first, last)


@lru_cache(maxsize=64)
def _begins(zone: str, opens: int, first: int, last: int) -> Ints:
    """Return when the sessions of the dates from `first` to `last` begin, in microseconds since 1970 UTC."""
    dates = np.arange(first, last + 1)
    evening = int(opens >= _NOON)
    if zone == "UTC":
        return (dates - evening) * MICROSECONDS_PER_DAY + opens * _MINUTE
    clock, where = time(opens // 60, opens % 60), _zone_info(zone)
    local = (datetime.combine(date_of(int(day) - evening), clock, where) for day in dates)
    return np.array([round(each.timestamp()) * 1_000_000 for each in local], dtype=np.int64)


def _zone_name(written: str) -> str:
    """Return the name of a time zone as its database spells it.

    Raises:
        ValueError: there is no such zone.
    """
    from zoneinfo import available_timezones  # noqa: PLC0415 - loads Python's build configuration

    known = {name.lower(): name for name in available_timezones()}
    if written.lower() not in known:
        raise ValueError(f"{written!r} is not a time zone such as America/New_York, Europe/London, Asia/Tokyo or UTC")
    return known[written.lower()]


def _zone_info(zone: str) -> tzinfo:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - loads Python's build configuration, and UTC needs none

    return ZoneInfo(zone)


# --- inference -------------------------------------------------------------------------------------------------------

_ZONES = ("UTC", "America/New_York", "Europe/London", "Australia/Sydney")
"""One zone for each rule of daylight saving time that exchanges follow. Without one, UTC fits as well as any zone."""
SAMPLE = 20_000
"""Bars whose times are looked at, at least, where there are as many."""
_PRIMES = (1, 7, 17, 31, 61, 127, 251, 509, 1_021)
_FEWEST_DAYS = 5
"""Days with bars from which on their times of day show the hours of a market."""
_SHORTEST_BREAK = 30
"""Minutes without bars that part two sessions."""
_RARE = 0.02
"""Bars at a time of day that has fewer than this share of the busiest one's do not belong to the usual session."""
_MOST_OF = 0.5
"""Share of its weeks that a market pauses in, and of these that resume at one time of day, to have a weekend."""


def infer_calendar(timestamp: Ints) -> SessionCalendar:
    """Return the calendar of bars at the sorted times `timestamp`, microseconds since 1970 UTC.

    Sessions begin after the longest break that every day has: in that zone of `_ZONES` where the break is the longest,
    since a zone with another daylight saving time blurs it. Of a market that pauses on weekends alone, they begin at
    the time at which its week does. Bars of a day or longer have UTC days as sessions.
    """
    some, step = _sampled(timestamp), bar_step(timestamp)
    days = _distinct(some // MICROSECONDS_PER_DAY)
    if len(days) < _FEWEST_DAYS or step >= MICROSECONDS_PER_DAY:
        return SessionCalendar(week=week_of(days))
    length = max(int(step) // _MINUTE, 1)
    zone, opens = _after_break(some, length) or _after_weekend(timestamp, days) or ("UTC", 0)
    return SessionCalendar(zone, opens, week_of(_distinct(session_dates(some, SessionCalendar(zone, opens)))))


def _distinct(ordered: Ints) -> Ints:
    """Return each of some sorted values once; `np.unique` imports masked arrays, longer than a run takes."""
    first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


def bar_step(timestamp: Ints) -> float:
    """Return the median time between the first `SAMPLE` bars, in microseconds; NaN for fewer than two bars."""
    if len(timestamp) < 2:
        return nan
    steps = np.diff(timestamp[:SAMPLE])
    usual = steps[len(steps) // 2]
    if np.count_nonzero(steps == usual) * 2 > len(steps):
        return float(usual)  # a majority is the median, and counting is many times faster than sorting
    return float(np.median(steps))


def _sampled(timestamp: Ints) -> Ints:
    """Return every nth time of a long series. A prime n meets every time of the day, however many bars a day has."""
    return timestamp[:: next(prime for prime in _PRIMES if len(timestamp) < SAMPLE * prime or prime == _PRIMES[-1])]


def week_of(dates: Ints) -> int:
    """Return on how many days a week there are sessions: 5, 6 or 7; `dates` are theirs, in days since 1970, sorted.

    A weekday counts if it has a third of the sessions that the others have, so that a special session on a Saturday
    does not. In less than a week, a market is taken to trade on weekdays, or, with bars on a weekend, on all days.
    """
    weekday = (dates + _THURSDAY) % 7
    if dates[-1] - dates[0] < 7 - 1:
        return 7 if (weekday >= 5).any() else 5
    counts = np.bincount(weekday, minlength=7)
    used = int(np.count_nonzero(counts * 3 > np.median(counts[counts > 0])))
    return max(used, 5)


def _after_break(timestamp: Ints, length: int) -> tuple[str, int] | None:
    """Return zone and time of day at which the longest daily break ends; None if there is none."""
    breaks = [(*_longest_break(_minute_of_day(timestamp, zone), length), zone) for zone in _ZONES]
    minutes, opens, zone = max(breaks, key=lambda each: each[0])  # the first of equals: UTC
    if minutes < _SHORTEST_BREAK:
        return None
    return zone, 0 if minutes >= opens else opens  # where midnight lies in the break, the day is the session


def _longest_break(minute: Ints, length: int) -> tuple[int, int]:
    """Return the longest stretch of the day without bars, in minutes, and the minute at which it ends."""
    counts = np.bincount(minute, minlength=_MINUTES_PER_DAY)
    starts = np.flatnonzero(counts > _RARE * counts.max())
    free = np.diff(starts, append=starts[0] + _MINUTES_PER_DAY) - length
    at = int(free.argmax())
    return int(free[at]), int(starts[(at + 1) % len(starts)])


def _after_weekend(timestamp: Ints, days: Ints) -> tuple[str, int] | None:
    """Return zone and time of day at which the week begins; None if it is not interrupted, or begins at any time.

    `days` are the UTC days that have bars, in order, counted from 1970.
    """
    if (np.diff(days) == 1).all():
        return None
    resumes = timestamp[1:][np.diff(timestamp) > MICROSECONDS_PER_DAY]
    weeks = (timestamp[-1] - timestamp[0]) / (7 * MICROSECONDS_PER_DAY)
    if not len(resumes) or len(resumes) < _MOST_OF * (weeks - 1):
        return None
    usual = [(*_most_frequent(_minute_of_day(resumes, zone)), zone) for zone in _ZONES]
    count, opens, zone = max(usual, key=lambda each: each[0])
    return (zone, opens) if count >= _MOST_OF * len(resumes) else None


def _most_frequent(values: Ints) -> tuple[int, int]:
    """Return how often the most frequent value occurs, and which it is."""
    distinct, counts = np.unique(values, return_counts=True)
    return int(counts.max()), int(distinct[counts.argmax()])


def _minute_of_day(timestamp: Ints, zone: str) -> Ints:
    """Return the minute of the local day at each time."""
    return (timestamp + _offsets(timestamp, zone)) % MICROSECONDS_PER_DAY // _MINUTE


def _offsets(timestamp: Ints, zone: str) -> Ints:
    """Return the zone's offset from UTC, in microseconds, at noon UTC of the day of each time."""
    day = timestamp // MICROSECONDS_PER_DAY
    offsets: Ints = _daily_offsets(zone, int(day[0]), int(day[-1]))[day - day[0]]
    return offsets


@lru_cache(maxsize=16)
def _daily_offsets(zone: str, first: int, last: int) -> Ints:
    noons = (datetime.combine(date_of(day), time(12), UTC) for day in range(first, last + 1))
    offsets = (noon.astimezone(_zone_info(zone)).utcoffset() or timedelta(0) for noon in noons)
    return np.array([offset // timedelta(microseconds=1) for offset in offsets], dtype=np.int64)
