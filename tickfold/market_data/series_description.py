"""The description of a series from its bars: the rules of a load, the years, and what is known of each of them."""

from datetime import date
from itertools import pairwise

import numpy as np

from tickfold.engine.arrays import Ints
from tickfold.engine.bars import Bars, decimals_of
from tickfold.engine.calendar import SessionCalendar, day_number, infer_calendar, session_dates
from tickfold.engine.timeframe import lasts_days
from tickfold.errors import RunError
from tickfold.market_data.series import Series, SeriesFile, utc


def check_bars(symbol: str, bars: Bars) -> None:
    """Check that `bars` can be a series.

    Raises:
        RunError: there are none, they are not in time order, or one is at no whole millisecond.
    """
    if not len(bars):
        raise RunError(f"no bars to load for {symbol}")
    if not (np.diff(bars.timestamp) > 0).all():
        raise RunError(f"the bars of {symbol} are not in time order, or two have the same time")
    if len(finer := bars.timestamp[bars.timestamp % 1_000 != 0]):
        raise RunError(f"{symbol} has a bar at {utc(int(finer[0]))}; times are kept to the millisecond")


def calendar_of(timeframe: str, calendar: SessionCalendar) -> SessionCalendar:
    """Return what bars of `timeframe` have of `calendar`: those of a day or longer are at their dates, in no zone."""
    return SessionCalendar(week=calendar.week) if lasts_days(timeframe) else calendar


def years_of(timestamp: Ints) -> Ints:
    """Return the UTC year of each time."""
    return timestamp.astype("datetime64[us]").astype("datetime64[Y]").astype(np.int64) + 1970


def by_year(bars: Bars) -> list[tuple[int, Bars]]:
    """Return the years of `bars`, each with its bars, in order."""
    years = years_of(bars.timestamp)
    edges = [0, *(np.flatnonzero(np.diff(years)) + 1).tolist(), len(bars)]
    return [(int(years[a]), bars[a:b]) for a, b in pairwise(edges)]


def describe_year(calendar: SessionCalendar | None, year: int, version_id: str, bars: Bars) -> SeriesFile:
    """Return the description of the `bars` of a year, whose sessions are those of `calendar`."""
    prices = np.concatenate([bars.open, bars.high, bars.low, bars.close])
    new_year = day_number(date(year, 1, 1))
    days, counts = np.unique(
        session_dates(bars.timestamp, calendar or SessionCalendar()) - new_year + 1, return_counts=True
    )
    return SeriesFile(
        year=year,
        version_id=version_id,
        first=utc(int(bars.timestamp[0])),
        last=utc(int(bars.timestamp[-1])),
        decimals=decimals_of(prices),
        days=list(zip(days.tolist(), counts.tolist(), strict=True)),
    )


def describe_series(
    symbol: str, timeframe: str, bars: Bars, source: str, calendar: SessionCalendar | None = None
) -> Series:
    """Return the series that `bars` would be if they were loaded; its files have no versions.

    Without `calendar` it is the one that the bars show.

    Raises:
        RunError: as `check_bars` does.
    """
    check_bars(symbol, bars)
    sessions = calendar_of(timeframe, calendar or infer_calendar(bars.timestamp))
    return Series(
        symbol=symbol,
        timeframe=timeframe,
        source=source,
        files=[describe_year(sessions, year, "", part) for year, part in by_year(bars)],
        calendar=sessions,
        calendar_given=calendar is not None,
    )
