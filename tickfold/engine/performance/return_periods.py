"""Return periods: the intervals whose returns are annualised."""

from math import nan

import numpy as np

from tickfold.engine.arrays import Ints
from tickfold.engine.bars import MICROSECONDS_PER_DAY

_SATURDAY = 5


def bar_step(timestamp: Ints) -> float:
    """Return the median time between bars, in microseconds; NaN for fewer than two bars."""
    if len(timestamp) < 2:
        return nan
    steps = np.diff(timestamp)
    usual = steps[len(steps) // 2]
    if np.count_nonzero(steps == usual) * 2 > len(steps):
        return float(usual)  # a majority is the median, and counting is many times faster than sorting
    return float(np.median(steps))


def return_periods(timestamp: Ints, step: float) -> tuple[Ints, int]:
    """Return the last bar of each return period, and the number of periods per year; `step` is the `bar_step`.

    A period is a UTC day with bars, or one bar where bars are weekly, monthly or yearly. A year has 365 days where the
    series trades on weekends, else 252.
    """
    days = step // MICROSECONDS_PER_DAY
    for shortest, longest, periods in ((7, 7, 52), (28, 31, 12), (365, 366, 1)):
        if shortest <= days <= longest:
            return np.arange(len(timestamp)), periods
    day = np.arange(timestamp[0] // MICROSECONDS_PER_DAY, timestamp[-1] // MICROSECONDS_PER_DAY + 1)
    stop = np.searchsorted(timestamp, (day + 1) * MICROSECONDS_PER_DAY)
    bars = np.diff(stop, prepend=0)
    weekend = (day + 3) % 7 >= _SATURDAY  # 1970-01-01 was a Thursday
    on_weekends = float(bars[weekend].sum() / len(timestamp)) > 2 / 7 * 0.6
    return stop[bars > 0] - 1, 365 if on_weekends else 252
