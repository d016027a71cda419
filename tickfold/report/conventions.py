"""Sharpe, Sortino and volatility in the arithmetic convention of empyrical and quantstats.

The metrics of a run compound, as in backtesting.py (docs/reference/metrics.md). These scale the mean and the deviation
of the same returns by the number of periods in a year, so that a run can be compared to figures from elsewhere.
"""

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from tickfold.backtests.recorded_run import RecordedRun
from tickfold.engine.arrays import Floats, Ints
from tickfold.engine.calendar import SessionCalendar, infer_calendar
from tickfold.engine.performance.annual import downside, mean, returns_between, variance
from tickfold.engine.performance.period_ends import PeriodEnds
from tickfold.engine.performance.ratio import ratio


@dataclass(frozen=True)
class Arithmetic:
    """Annual figures, risk-free rate 0; NaN where undefined. `periods` is the number of periods in a year."""

    sharpe: float
    sortino: float
    volatility: float
    periods: float


def arithmetic_of(run: RecordedRun) -> Arithmetic:
    """Return the figures of a run, of the sessions and with the periods a year that it was measured by."""
    sessions, periods = run.result.sessions, run.result.metrics.get("periods_per_year")
    calendar = SessionCalendar.parse(sessions) if sessions else None
    return arithmetic(run.curve.timestamp, run.curve.capital, run.curve.equity, periods, calendar)


def arithmetic(
    timestamp: Ints,
    capital: float,
    equity: Floats,
    periods: float | None = None,
    calendar: SessionCalendar | None = None,
) -> Arithmetic:
    """Return the figures of an equity curve that began with `capital`, in dollars, a point a bar.

    Times are microseconds since 1970 UTC; `periods` is the number of return periods a year and `calendar` has the
    sessions, of which returns are taken; where they are not known, the times show them.
    """
    ends = PeriodEnds(calendar or infer_calendar(timestamp))
    ends.update(timestamp, equity)
    found = ends.periods()
    returns, periods = returns_between(ends.values(found, capital)), periods or found.per_year
    if len(returns) < 2 or np.isnan(returns).any():
        return Arithmetic(nan, nan, nan, periods)
    average, deviation, below = mean(returns), sqrt(variance(returns)), downside(returns)
    root = sqrt(periods)
    return Arithmetic(
        sharpe=ratio(average, deviation) * root,
        sortino=ratio(average, below) * root,
        volatility=deviation * root,
        periods=periods,
    )
