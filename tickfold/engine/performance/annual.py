"""Annual figures, from the account's values at the ends of return periods."""

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from tickfold.engine.arrays import Floats
from tickfold.engine.lanes import total
from tickfold.engine.powers import compound, compound_deviation


@dataclass(frozen=True)
class AnnualFigures:
    """Fractions a year; NaN with fewer than two periods, and after a total loss."""

    annual_return: float
    volatility: float
    downside: float
    cagr: float


def annualise(values: Floats, per_year: float, growth: float, years: float) -> AnnualFigures:
    """Return the figures of an account with `values`, in dollars, between `per_year` periods.

    They compound the geometric mean of the returns, and the variance around it; CAGR compounds `growth`, the last value
    over the start capital, over calendar `years`.
    """
    returns = returns_between(values)
    count = len(returns)
    if not count or np.isnan(returns).any():
        return AnnualFigures(nan, nan, nan, nan)
    compounded = float(values[-1] / values[0])
    return AnnualFigures(
        annual_return=compound(compounded, per_year / count),
        volatility=compound_deviation(1 + compound(compounded, 1 / count), variance(returns), per_year),
        downside=downside(returns) * sqrt(per_year),
        cagr=compound(growth, 1 / years),
    )


def returns_between(values: Floats) -> Floats:
    """Return the return from each of `values` to the next; NaN throughout where one is 0 or less."""
    if (values <= 0).any():
        return np.full(len(values) - 1, nan)
    returns: Floats = values[1:] / values[:-1] - 1
    return returns


def mean(returns: Floats) -> float:
    """Return the arithmetic mean; `returns` must not be empty."""
    return total(returns) / len(returns)


def variance(returns: Floats) -> float:
    """Return the sample variance; NaN for fewer than two, and 0 where all are equal."""
    if len(returns) < 2:
        return nan
    from_first = returns - returns[0]
    deviations = from_first - mean(from_first)
    return total(deviations * deviations) / (len(returns) - 1)


def downside(returns: Floats) -> float:
    """Return the downside deviation from 0: the root of the mean square of the returns, gains taken as 0."""
    losses = np.minimum(returns, 0)
    return sqrt(mean(losses * losses))
