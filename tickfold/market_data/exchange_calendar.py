"""Exchange calendars: on which days a market trades, and from when to when, holidays and early closes included.

The days are a table, exchange_days.json, which `make calendar` writes. It holds the offsets from UTC, too: no database
of time zones is needed, which not every machine has.
"""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tickfold.engine.arrays import Ints
from tickfold.engine.calendar import MICROSECONDS_PER_DAY, date_of, day_number
from tickfold.errors import RunError

ALWAYS_OPEN: Final = "24/7"
LONGEST_PAUSE: Final = timedelta(days=5)
"""No market pauses longer. A feed whose last bar is older replays the past, and its time is that of its last bar."""
TABLE = Path(__file__).with_name("exchange_days.json")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_MINUTE = 60_000_000
_WARNED_BEFORE = 90
"""Days before its last day from which on a table is said to end."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Session:
    """The trading of one day, from `open` up to but not including `close`, both in UTC."""

    day: date
    open: datetime
    close: datetime


class ExchangeCalendar(ABC):
    """The sessions of a market. All times are in UTC; arrays of them are in microseconds since 1970."""

    name: str
    last_day: date | None
    """The last day of the table; None for a market without one."""

    @staticmethod
    def named(name: str) -> "ExchangeCalendar":
        """Return the calendar of the market `name`: an exchange's ISO 10383 code such as XNYS, or 24/7.

        Raises:
            RunError: there is no such calendar.
        """
        calendars = _calendars()
        if (calendar := calendars.get(name.strip().upper())) is None:
            known = " or ".join(calendars)
            raise RunError(
                f"{name!r} is not a market with a calendar: write {known} (XNYS are the hours of US equities)"
            )
        return calendar

    @abstractmethod
    def session(self, day: date) -> Session | None:
        """Return the session of `day`; None where the market is closed.

        Raises:
            RunError: the table does not cover `day`.
        """

    @abstractmethod
    def session_at(self, time: datetime) -> Session | None:
        """Return the session in which a bar that starts at `time` lies; None where the market is closed.

        Raises:
            RunError: the table does not cover `time`.
        """

    @abstractmethod
    def minutes(self, start: datetime, end: datetime) -> Ints:
        """Return the starts of all session minutes from `start` up to but not including `end`.

        Raises:
            RunError: the table does not cover all of the range.
        """

    @abstractmethod
    def days(self, first: date, last: date) -> Ints:
        """Return the days from `first` to `last` that have a session, in days since 1970.

        Raises:
            RunError: the table does not cover all of the range.
        """

    @abstractmethod
    def in_session(self, timestamp: Ints) -> Mask:
        """Return which of the bars that start at `timestamp` lie in a session, shape (bars,).

        Raises:
            RunError: the table does not cover all of them.
        """

    @abstractmethod
    def previous_session(self, day: date) -> Session:
        """Return the last session before `day`.

        Raises:
            RunError: the table does not cover `day`, or has no session before it.
        """

    @abstractmethod
    def next_session(self, day: date) -> Session:
        """Return the first session after `day`.

        Raises:
            RunError: the table does not cover `day`, or has no session after it.
        """

    def warn_if_ending(self, today: date) -> str | None:
        """Return what to do if the table ends in fewer than 90 days or has ended; else None."""
        if self.last_day is None or (left := (self.last_day - today).days) >= _WARNED_BEFORE:
            return None
        ends = f"ended on {self.last_day}" if left < 0 else f"ends on {self.last_day}, in {left} days"
        return f"The calendar of {self.name} {ends}: update exchange_calendars, run `make calendar`, and deploy"


class _AlwaysOpen(ExchangeCalendar):
    """A market that never closes: a session is a UTC day."""

    name = ALWAYS_OPEN
    last_day = None

    def session(self, day: date) -> Session:
        midnight = _midnight(day)
        return Session(day, midnight, midnight + _DAY)

    def session_at(self, time: datetime) -> Session:
        return self.session(time.astimezone(UTC).date())

    def minutes(self, start: datetime, end: datetime) -> Ints:
        return np.arange(_whole_minute(_microseconds(start)), _microseconds(end), _MINUTE)

    def days(self, first: date, last: date) -> Ints:
        return np.arange(day_number(first), day_number(last) + 1)

    def in_session(self, timestamp: Ints) -> Mask:
        return np.ones(len(timestamp), dtype=np.bool_)

    def previous_session(self, day: date) -> Session:
        return self.session(day - _DAY)

    def next_session(self, day: date) -> Session:
        return self.session(day + _DAY)


class _Exchange(ExchangeCalendar):
    """A market whose sessions are in the table."""

    def __init__(self, name: str, table: dict[str, Any]) -> None:
        """Take the entry of the market in exchange_days.json."""
        self.name = name
        self.first_day: date = date.fromisoformat(table["first"])
        self.last_day: date = date.fromisoformat(table["last"])
        self._days = _weekdays(self.first_day, self.last_day, table["closed"])
        midnights = self._days * MICROSECONDS_PER_DAY - _offsets(self._days, table["utc_offset"])
        closes = np.full(len(self._days), _minutes_of(table["close"]))
        early = np.array([_day(day) for day in table["early_close"]], dtype=np.int64)
        closes[np.searchsorted(self._days, early)] = [_minutes_of(close) for close in table["early_close"].values()]
        self._opens: Ints = midnights + _minutes_of(table["open"]) * _MINUTE
        self._closes: Ints = midnights + closes * _MINUTE

    def session(self, day: date) -> Session | None:
        self._check(day, day)
        at = int(np.searchsorted(self._days, day_number(day)))
        return self._session(at) if at < len(self._days) and self._days[at] == day_number(day) else None

    def session_at(self, time: datetime) -> Session | None:
        self._check_times(microseconds := _microseconds(time), microseconds)
        at = int(np.searchsorted(self._opens, microseconds, side="right")) - 1
        return self._session(at) if at >= 0 and microseconds < self._closes[at] else None

    def minutes(self, start: datetime, end: datetime) -> Ints:
        begin, stop = _microseconds(start), _microseconds(end)
        self._check_times(begin, stop - 1)
        first = int(np.searchsorted(self._closes, begin, side="right"))
        after = max(int(np.searchsorted(self._opens, stop)), first)
        found = _each_minute(self._opens[first:after], self._closes[first:after])
        return found[np.searchsorted(found, begin) : np.searchsorted(found, stop)]

    def days(self, first: date, last: date) -> Ints:
        self._check(first, last)
        start, stop = np.searchsorted(self._days, [day_number(first), day_number(last) + 1])
        return self._days[start:stop]

    def in_session(self, timestamp: Ints) -> Mask:
        if len(timestamp):
            self._check_times(int(timestamp.min()), int(timestamp.max()))
        at = np.searchsorted(self._opens, timestamp, side="right") - 1
        return np.asarray((at >= 0) & (timestamp < self._closes[at]))

    def previous_session(self, day: date) -> Session:
        self._check(day, day)
        at = int(np.searchsorted(self._days, day_number(day))) - 1
        if at < 0:
            raise self._not_covered(self.first_day - _DAY)
        return self._session(at)

    def next_session(self, day: date) -> Session:
        self._check(day, day)
        at = int(np.searchsorted(self._days, day_number(day), side="right"))
        if at == len(self._days):
            raise self._not_covered(self.last_day + _DAY)
        return self._session(at)

    def _session(self, at: int) -> Session:
        return Session(date_of(int(self._days[at])), _time(self._opens[at]), _time(self._closes[at]))

    def _check(self, first: date, last: date) -> None:
        if first < self.first_day:
            raise self._not_covered(first)
        if last > self.last_day:
            raise self._not_covered(last)

    def _check_times(self, first: int, last: int) -> None:
        self._check(date_of(first // MICROSECONDS_PER_DAY), date_of(last // MICROSECONDS_PER_DAY))

    def _not_covered(self, day: date) -> RunError:
        return RunError(
            f"The calendar of {self.name} has the days from {self.first_day} to {self.last_day}, and {day} is none of "
            "them: choose others, or extend the table (`make calendar`) and deploy"
        )


@lru_cache(maxsize=1)
def _calendars() -> dict[str, ExchangeCalendar]:
    table = json.loads(TABLE.read_text())
    return {**{name: _Exchange(name, entry) for name, entry in table.items()}, ALWAYS_OPEN: _AlwaysOpen()}


def _weekdays(first: date, last: date, closed: list[str]) -> Ints:
    """Return the days from Monday to Friday, less those in `closed`, in days since 1970."""
    days = np.arange(day_number(first), day_number(last) + 1)
    holidays = np.array(closed, dtype="datetime64[D]")
    return days[np.is_busday(days.astype("datetime64[D]"), holidays=holidays)]


def _offsets(days: Ints, since: dict[str, int]) -> Ints:
    """Return the offset from UTC on each of `days`, in microseconds, given the minutes that hold from a day on."""
    starts = np.array([_day(day) for day in since], dtype=np.int64)
    minutes = np.array(list(since.values()), dtype=np.int64)
    return np.asarray(minutes[np.searchsorted(starts, days, side="right") - 1] * _MINUTE)


def _each_minute(opens: Ints, closes: Ints) -> Ints:
    """Return the starts of the minutes of sessions from `opens` to `closes`, in order."""
    counts = (closes - opens) // _MINUTE
    before = np.cumsum(counts) - counts
    return np.asarray(np.repeat(opens - before * _MINUTE, counts) + np.arange(counts.sum()) * _MINUTE)


def _day(text: str) -> int:
    return day_number(date.fromisoformat(text))


def _minutes_of(clock: str) -> int:
    at = time.fromisoformat(clock)
    return at.hour * 60 + at.minute


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _microseconds(time: datetime) -> int:
    return (time - _EPOCH) // _MICROSECOND


def _time(microseconds: np.int64) -> datetime:
    return _EPOCH + int(microseconds) * _MICROSECOND


def _whole_minute(microseconds: int) -> int:
    """Return the first start of a minute that is not before a time."""
    return -(-microseconds // _MINUTE) * _MINUTE
