"""Return periods: the intervals whose returns are annualised, and how many of them a year has.

A period is one bar where bars last a day or longer, else a session. A year has as many as the field counts (252
sessions of five days a week, 365 of seven, 52 weeks, 12 months, 4 quarters), and where it has no convention, as many as
the bars themselves have in 365.25 days. There, the annual return of buy and hold is its CAGR.
"""

from dataclasses import dataclass

import numpy as np

from tickfold.engine.arrays import Floats, Ints
from tickfold.engine.calendar import MICROSECONDS_PER_DAY, SessionCalendar, last_bars

DAYS_PER_YEAR = 365.25
_WEEKS_PER_YEAR = 52
_MONTHS_PER_YEAR = 12
_BUSINESS_DAYS = 4
"""Days by which the last business day of a month moves, and the length of a month with it."""
_USUAL = 0.75
"""Share of the steps that must be of one kind for bars to be daily, weekly or monthly rather than irregular."""
_AGREES = 0.1
"""Relative difference from a whole number within which sessions a bar, with holidays among them, are that number."""


@dataclass(frozen=True, eq=False)
class ReturnPeriods:
    """The last bar of each period, shape (periods,), and the number of periods a year."""

    last: Ints
    per_year: float


def return_periods(timestamp: Ints, calendar: SessionCalendar, step: float) -> ReturnPeriods:
    """Return the periods of bars at `timestamp`, whose sessions are those of `calendar`; `step` is their `bar_step`."""
    if step < MICROSECONDS_PER_DAY:
        return ReturnPeriods(last_bars(timestamp, calendar), calendar.sessions_per_year)
    return ReturnPeriods(np.arange(len(timestamp)), bars_per_year(timestamp, calendar))


def bars_per_year(timestamp: Ints, calendar: SessionCalendar) -> float:
    """Return how many bars a year has, where they last a day or longer."""
    days = np.diff(timestamp) / MICROSECONDS_PER_DAY
    if not len(days) or _are_daily(days, calendar.week):
        return calendar.sessions_per_year
    if weeks := _weeks(days):
        return _WEEKS_PER_YEAR / weeks
    if months := _months(days):
        return _MONTHS_PER_YEAR / months
    return _every_few_sessions(days, _mean(timestamp), calendar) or DAYS_PER_YEAR / _mean(timestamp)


def _mean(timestamp: Ints) -> float:
    """Return the mean time between bars, in days."""
    return int(timestamp[-1] - timestamp[0]) / MICROSECONDS_PER_DAY / (len(timestamp) - 1)


def _are_daily(days: Floats, week: int) -> bool:
    """Return whether bars are a session apart: a day, or a weekend and at most a holiday."""
    over_weekend = (days >= 1 + (7 - week)) & (days <= 2 + (7 - week)) & (week < 7)
    return bool(np.median(days) < 2 and np.mean((days < 2) | over_weekend) >= _USUAL)


def _weeks(days: Floats) -> int:
    """Return the weeks between bars, or 0; where bars move around holidays, a day more or less."""
    weeks, rest = divmod(float(np.median(days)), 7)
    return int(weeks) if rest == 0 and np.mean(np.abs(days - 7 * weeks) <= 1) >= _USUAL else 0


def _months(days: Floats) -> int:
    """Return the months between bars, or 0. Months differ in length: a constant step is not one, unless of years."""
    months = round(float(np.median(days)) * _MONTHS_PER_YEAR / DAYS_PER_YEAR)
    about = np.abs(days - months * DAYS_PER_YEAR / _MONTHS_PER_YEAR) <= _BUSINESS_DAYS
    constant = months < _MONTHS_PER_YEAR and len(days) > 2 and (days == days[0]).all()
    return months if np.mean(about) >= _USUAL and not constant else 0


def _every_few_sessions(days: Floats, mean: float, calendar: SessionCalendar) -> float | None:
    """Return the bars a year where each lasts as many sessions, or None; `mean` is that of `days`."""
    if calendar.week == 7:
        step = float(np.median(days))
        return DAYS_PER_YEAR / step if np.mean(days == step) >= _USUAL else None
    weekend = 7 - calendar.week
    sessions = max(round(mean * calendar.week / 7), 1)
    regular = np.mean(np.abs(days - mean) <= weekend) >= _USUAL
    agrees = abs(mean * calendar.week / 7 / sessions - 1) <= _AGREES
    return calendar.sessions_per_year / sessions if regular and agrees else None
