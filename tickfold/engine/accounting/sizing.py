"""Sizing: the bounds of each order's size that do not depend on the account's cash."""

from dataclasses import dataclass

import numpy as np

from tickfold.engine.accounting.account import Sizing
from tickfold.engine.arrays import Floats, Ints
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY

MICROSECONDS_PER_YEAR = 365.25 * MICROSECONDS_PER_DAY


@dataclass(frozen=True, eq=False)
class Bounds:
    """The most that an order may use: a fraction of the cash (one for all orders, or one each), dollars, and shares."""

    fraction: Floats | float
    cash: float = np.inf
    shares: float = np.inf


def bounds(sizing: Sizing, bars: Bars, decided: Ints) -> Bounds:
    """Return the bounds of orders decided at the closes of the bars `decided`."""
    match sizing.kind:
        case "fraction":
            return Bounds(sizing.value)
        case "cash":
            return Bounds(1.0, cash=sizing.value)
        case "shares":
            return Bounds(1.0, shares=sizing.value)
        case "volatility":
            with np.errstate(divide="ignore"):  # a constant price has volatility 0, and may use all cash
                return Bounds(np.minimum(sizing.value / realized_volatility(bars, decided, sizing.bars), 1))


def realized_volatility(bars: Bars, at: Ints, window: int) -> Floats:
    """Return the annualised volatility of the closes over the last `window` bars, a fraction, at each of the bars `at`.

    √(Σ r² / years), with r the log returns from bar to bar and years the time that they span, so that no number of
    trading days is assumed. Near the run's start it uses the bars there are; at the first bar it is infinite.
    Source: Andersen, Bollerslev, Diebold and Labys, "Modeling and Forecasting Realized Volatility" (2003).
    """
    squares = np.zeros(len(at))
    for back in range(window):
        bar = at - back
        exists = bar > 0
        squares[exists] += np.log(bars.close[bar[exists]] / bars.close[bar[exists] - 1]) ** 2
    years = (bars.timestamp[at] - bars.timestamp[np.maximum(at - window, 0)]) / MICROSECONDS_PER_YEAR
    variance: Floats = np.divide(squares, years, out=np.full(len(at), np.inf), where=years > 0)
    return np.sqrt(variance)
