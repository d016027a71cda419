"""Sizing: the most that each order may spend or buy, as far as it does not depend on the account's cash."""

from dataclasses import dataclass

import numpy as np

from tickfold.engine.accounting.account import Sizing
from tickfold.engine.bars import MICROSECONDS_PER_DAY, Bars, Floats, Ints

MICROSECONDS_PER_YEAR = 365.25 * MICROSECONDS_PER_DAY


@dataclass(frozen=True, eq=False)
class Bounds:
    """What bounds orders: a fraction of the cash, for all or for each of them, dollars, and shares."""

    fraction: Floats | float
    cash: float = np.inf
    shares: float = np.inf


def bounds(sizing: Sizing, bars: Bars, decided: Ints) -> Bounds:
    """Return the bounds of orders that are decided at the closes of bars `decided`."""
    match sizing.kind:
        case "fraction":
            return Bounds(sizing.value)
        case "cash":
            return Bounds(1.0, cash=sizing.value)
        case "shares":
            return Bounds(1.0, shares=sizing.value)
        case "volatility":
            with np.errstate(divide="ignore"):  # a price that stands still may be held with all cash
                return Bounds(np.minimum(sizing.value / realized_volatility(bars, decided, sizing.bars), 1))


def realized_volatility(bars: Bars, at: Ints, window: int) -> Floats:
    """Return the yearly volatility of the closes over the last `window` bars, a fraction, at each of the bars `at`.

    √(Σ r² / years), with r the log returns bar to bar and years the time that they span: no convention on trading days
    is needed. Where there are fewer bars, those there are; infinite at the run's first bar, where nothing is known.
    Source: Andersen, Bollerslev, Diebold and Labys, "Modeling and Forecasting Realized Volatility" (2003).
    """
    squares = np.zeros(len(at))
    for back in range(window):
        bar = at - back
        there = bar > 0
        squares[there] += np.log(bars.close[bar[there]] / bars.close[bar[there] - 1]) ** 2
    years = (bars.timestamp[at] - bars.timestamp[np.maximum(at - window, 0)]) / MICROSECONDS_PER_YEAR
    variance: Floats = np.divide(squares, years, out=np.full(len(at), np.inf), where=years > 0)
    return np.sqrt(variance)
