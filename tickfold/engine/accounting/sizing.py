"""Sizing: the limits of each order's size that do not depend on the account's cash."""

from dataclasses import dataclass

import numpy as np

from tickfold.engine.accounting.account import Sizing
from tickfold.engine.arrays import ArrayRecord, Floats, Ints
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.engine.logarithm import log_ratio

MICROSECONDS_PER_YEAR = 365.25 * MICROSECONDS_PER_DAY


@dataclass(frozen=True)
class Limits:
    """The most that any order may use, in dollars and in shares."""

    cash: float = np.inf
    shares: float = np.inf


def limits(sizing: Sizing) -> Limits:
    """Return the limits of an account's orders."""
    match sizing.kind:
        case "cash":
            return Limits(cash=sizing.value)
        case "shares":
            return Limits(shares=sizing.value)
        case "fraction" | "volatility":
            return Limits()


@dataclass(frozen=True, eq=False)
class Closes(ArrayRecord):
    """Consecutive closes in dollars, and their bars' times in microseconds since 1970 UTC."""

    timestamp: Ints
    close: Floats

    @classmethod
    def none(cls) -> "Closes":
        return cls(np.empty(0, dtype=np.int64), np.empty(0))


class CashFraction:
    """The fraction of the cash that orders may use which are decided at the closes of `bars`.

    `past` are the closes before them that it depends on.
    """

    def __init__(self, sizing: Sizing, past: Closes, bars: Bars) -> None:
        self._sizing, self._before = sizing, len(past)
        if sizing.kind == "volatility":
            self._closes = Closes.concatenate([past, Closes(bars.timestamp, bars.close)])

    def at(self, decided: Ints) -> Floats:
        """Return the fraction of each order that is decided at the close of one of the bars `decided`."""
        if self._sizing.kind != "volatility":
            return np.full(len(decided), self._sizing.value if self._sizing.kind == "fraction" else 1.0)
        volatility = realized_volatility(self._closes, decided + self._before, self._sizing.bars)
        with np.errstate(divide="ignore"):  # a constant price has volatility 0, and may use all cash
            fraction: Floats = np.minimum(self._sizing.value / volatility, 1)
        return fraction

    def past(self) -> Closes:
        """Return the closes that orders after these bars depend on."""
        return self._closes[-self._sizing.bars :] if self._sizing.kind == "volatility" else Closes.none()


def realized_volatility(closes: Closes, at: Ints, window: int) -> Floats:
    """Return the annualised volatility of `closes` over the last `window` bars, a fraction, at each of the bars `at`.

    √(Σ r² / years), with r the log returns from bar to bar and years the time that they span, so that no number of
    trading days is assumed. Near the run's start it uses the bars there are; at the first bar it is infinite.
    Source: Andersen, Bollerslev, Diebold and Labys, "Modeling and Forecasting Realized Volatility" (2003).
    """
    timestamp, close = closes.timestamp, closes.close
    squares = np.zeros(len(at))
    for back in range(window):
        bar = at - back
        exists = bar > 0
        squares[exists] += np.square(log_ratio(close[bar[exists]], close[bar[exists] - 1]))
    years = (timestamp[at] - timestamp[np.maximum(at - window, 0)]) / MICROSECONDS_PER_YEAR
    variance: Floats = np.divide(squares, years, out=np.full(len(at), np.inf), where=years > 0)
    return np.sqrt(variance)
