"""Exits: the kinds of orders that close a position before the target changes. A new kind is a class here."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Final

import numpy as np

from tickfold.engine.arrays import Floats, Ints, Sides
from tickfold.engine.decisions.entries import Fills

REASONS: Final = ("open", "signal", "stop_loss", "trailing_stop", "take_profit", "max_bars", "end", "ruin", "unfilled")
"""Why a position or an order ended. Files store the number, so the order is fixed: append only."""
SIGNAL, STOP_LOSS, TRAILING_STOP, TAKE_PROFIT, MAX_BARS, END, RUIN, UNFILLED = range(1, len(REASONS))


class PriceWindow:
    """What price exits see: positions of one side over their next bars, a row per position, a column per bar.

    Prices of shorts are negated, so that higher is better for both sides. `entry` is the market price at entry, shape
    (positions, 1); `best` is the best price of each bar, shape (positions, bars), −inf where it may lie before the
    entry. `best_so_far` has the best price before the window for all positions, of which `which` are in it.
    Exits whose level is `fixed` also get positions of both sides, without bars: `side` and `entry` have shape
    (positions,).
    """

    def __init__(self, side: int | Sides, which: Ints, entry: Floats, best: Floats, best_so_far: Floats) -> None:
        self.side, self.entry, self.best = side, entry, best
        self._which, self._best_so_far = which, best_so_far

    @cached_property
    def best_before(self) -> Floats:
        """The best price since the entry before each bar. It is carried over to the next window once, whoever asks."""
        highest = np.maximum.accumulate(np.column_stack([self._best_so_far[self._which], self.best]), axis=1)
        self._best_so_far[self._which] = highest[:, -1]
        return highest[:, :-1]


@dataclass(frozen=True)
class Exit(ABC):
    """A kind of exit. `name` is its field in the protocol, `reason` its number in `REASONS`."""

    name: ClassVar[str]
    reason: ClassVar[int]


@dataclass(frozen=True)
class TimedExit(Exit):
    """An exit that is decided at a bar's close, and filled as a market order."""

    @abstractmethod
    def decided(self, fills: Fills) -> Ints:
        """Return the bar at whose close each position is to be closed."""


@dataclass(frozen=True)
class PriceExit(Exit):
    """An exit at a price level inside a bar; `distance` is a fraction of a price.

    `fixed` says that the level is the same during every bar of a position: it depends on `side` and `entry` only.
    """

    distance: float

    fixed: ClassVar[bool] = False

    @abstractmethod
    def level(self, window: PriceWindow) -> Floats:
        """Return the level during each bar of `window`, shape (positions, bars) or that of `entry`; shorts negated."""


class StopExit(PriceExit):
    """A stop order: it fills at its level or, after a gap, at a worse open, and pays slippage."""


class TargetExit(PriceExit):
    """A limit order: it fills at its level or, after a gap, at a better open, and pays no slippage."""


class StopLoss(StopExit):
    """Close at a loss of `distance` of the market price at entry."""

    name: ClassVar[str] = "stop_loss"
    reason: ClassVar[int] = STOP_LOSS
    fixed: ClassVar[bool] = True

    def level(self, window: PriceWindow) -> Floats:
        return window.entry * (1 - window.side * self.distance)


class TrailingStop(StopExit):
    """Close `distance` from the best price since the entry.

    A bar's own best price does not count for it, since the order of its high and low is unknown.
    """

    name: ClassVar[str] = "trailing_stop"
    reason: ClassVar[int] = TRAILING_STOP

    def level(self, window: PriceWindow) -> Floats:
        return window.best_before * (1 - window.side * self.distance)


class TakeProfit(TargetExit):
    """Close at a profit of `distance` of the market price at entry."""

    name: ClassVar[str] = "take_profit"
    reason: ClassVar[int] = TAKE_PROFIT
    fixed: ClassVar[bool] = True

    def level(self, window: PriceWindow) -> Floats:
        return window.entry * (1 + window.side * self.distance)


@dataclass(frozen=True)
class MaxBars(TimedExit):
    """Close after `bars` bars."""

    bars: int

    name: ClassVar[str] = "max_bars"
    reason: ClassVar[int] = MAX_BARS

    def decided(self, fills: Fills) -> Ints:
        return fills.since + self.bars


EXITS: Final = (StopLoss, TrailingStop, TakeProfit, MaxBars)
"""Every kind. Where the levels of two stops tie, the reason is the first's."""
