"""A series: the bars of one symbol in one timeframe, described by the JSON file that a load commits."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from tickfold.engine.calendar import MICROSECONDS_PER_DAY, SessionCalendar, date_of, day_number
from tickfold.engine.performance.return_periods import bars_per_year
from tickfold.engine.timeframe import lasts_days, timeframe_seconds
from tickfold.errors import RunError
from tickfold.market_data.corporate_actions import CorporateActions
from tickfold.market_data.coverage import Range, union

_SECONDS_PER_DAY = 86_400


class SeriesFile(BaseModel):
    """One year of a series: the version of its Parquet object, and the number of bars on each day."""

    model_config = ConfigDict(frozen=True)

    year: int
    version_id: str
    first: datetime
    last: datetime
    decimals: int | None
    days: list[tuple[int, int]]
    """(day, bars) of each session that has bars, in order.

    The day is that of the session's date, counted from 1 at the start of the year; the last session of a year can be
    dated in the next.
    """

    @property
    def bars(self) -> int:
        return sum(count for _, count in self.days)

    @property
    def dates(self) -> list[date]:
        """The dates of the sessions that have bars, in order."""
        before = day_number(date(self.year, 1, 1)) - 1
        return [date_of(before + day) for day, _ in self.days]

    def bars_before(self, day: date) -> int:
        """Return the number of bars before the session of `day`."""
        number = day_number(day) - day_number(date(self.year, 1, 1)) + 1
        return sum(count for at, count in self.days if at < number)


class Series(BaseModel):
    """The bars of `symbol` in `timeframe`: one file per year, in order."""

    model_config = ConfigDict(frozen=True)

    symbol: str
    timeframe: str
    source: str
    files: list[SeriesFile]
    calendar: SessionCalendar | None = None
    """When its sessions begin and how many a year has; None, of a series loaded before there were calendars: UTC days.
    """
    calendar_given: bool = False
    """Whether a load set the calendar; otherwise it was inferred."""
    covered: list[Range] = []
    """The ranges whose bars are all here; empty of a series that was stored before there were any: see `coverage`."""
    adjustment: Literal["raw", "splits", "all"] | None = None
    """What its prices are adjusted for, if a provider has said so; None: as they were loaded."""
    adjusted_on: date | None = None
    """The UTC day of the first fetch: prices are adjusted for the splits and dividends up to it, and no later ones."""
    actions: CorporateActions | None = None
    """The splits and dividends beside raw prices; None if nobody has listed them."""

    @property
    def coverage(self) -> list[Range]:
        """The ranges whose bars are all here, in order and disjoint.

        Those that were loaded or appended cover all from the first of them to the end of the last.
        """
        return union(self.covered or [span_of(self.timeframe, self.first, self.last)])

    @property
    def bars(self) -> int:
        return sum(file.bars for file in self.files)

    @property
    def first(self) -> datetime:
        return self.files[0].first

    @property
    def last(self) -> datetime:
        return self.files[-1].last

    @property
    def dates(self) -> list[date]:
        """The dates of the sessions that have bars, in order; one that spans two years is there once."""
        return sorted({day for file in self.files for day in file.dates})

    @property
    def periods_per_year(self) -> float:
        """Returns that a year has: sessions, or bars that last a day or longer."""
        calendar = self.calendar or SessionCalendar()
        if timeframe_seconds(self.timeframe) < _SECONDS_PER_DAY:
            return calendar.sessions_per_year
        days = np.array([day_number(day) for day in self.dates])
        return bars_per_year(days * MICROSECONDS_PER_DAY, calendar)

    @property
    def decimals(self) -> int | None:
        """Decimals sufficient for every price of the series; None if unknown for any of its years."""
        known = [file.decimals for file in self.files]
        return None if None in known else max(d for d in known if d is not None)

    def lacks_actions(self, first: date, last: date) -> bool:
        """Return whether there may be splits or dividends that `actions` do not have between bars of those sessions."""
        if self.actions is None:
            return True
        first, last = max(first, self.files[0].dates[0]), min(last, self.files[-1].dates[-1])
        return first < self.actions.first or last > self.actions.last

    def last_before(self, day: date) -> tuple[SeriesFile, int] | None:
        """Return the file and the position in it of the last bar before the session of `day`; None if there is none."""
        found = ((file, file.bars_before(day)) for file in reversed(self.files))
        return next(((file, count - 1) for file, count in found if count), None)

    def span(self, start: date, end: date) -> tuple[int, int]:
        """Return the position of the first bar of the sessions from `start` on, and that of the first after `end`.

        Raises:
            RunError: there are no bars from `start` to `end`; the message gives the series' range.
        """
        after = end + timedelta(days=1) if end < date.max else end
        first = sum(file.bars_before(start) for file in self.files)
        stop = sum(file.bars_before(after) for file in self.files)
        if first == stop:
            raise RunError(
                f"{self.symbol} has no {self.timeframe} bars from {start} to {end}; it has {self.bars:,} "
                f"from {self.dates[0]} to {self.dates[-1]}"
            )
        return first, stop


def span_of(timeframe: str, first: datetime, last: datetime) -> Range:
    """Return the range of the bars from the `first` to the `last`; of bars of a day or longer, that of their UTC days.

    A month counts as its mean length.
    """
    if lasts_days(timeframe):
        first, last = (time.replace(hour=0, minute=0, second=0, microsecond=0) for time in (first, last))
    return first, last + timedelta(seconds=timeframe_seconds(timeframe))


def utc(microseconds: int) -> datetime:
    """Return the UTC time of `microseconds` since 1970."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)


def microseconds(time: datetime) -> int:
    """Return a time in microseconds since 1970 UTC."""
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
