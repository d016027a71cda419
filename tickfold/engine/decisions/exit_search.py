"""The exit search: when, at what price and why positions end, given the exits of the run's orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from tickfold.engine.arrays import NONE, ArrayRecord, Flags, Floats, Ints, Sides
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.entries import Fills
from tickfold.engine.decisions.exits import SIGNAL, PriceExit, PriceWindow
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.scan import scan

Levels = Sequence[Floats]


@dataclass(frozen=True, eq=False)
class Closings(ArrayRecord):
    """How positions end: the bar (`NONE`: not within the bars that are known), the market price, and the reason."""

    bar: Ints
    price: Floats
    reason: Sides


def find_exits(bars: Bars, side: Sides, fills: Fills, until: Ints, orders: Orders) -> Closings:
    """Return how the positions opened by `fills` end, whose target changes at the closes of the bars `until`."""
    decided, market = _market_exits(bars, fills, until, orders)
    if not (orders.stops or orders.targets):
        return market
    intrabar = _intrabar_exits(bars, side, fills, np.minimum(decided, len(bars) - 1), orders)
    first = intrabar.bar != NONE
    return Closings(
        bar=np.where(first, intrabar.bar, market.bar),
        price=np.where(first, intrabar.price, market.price),
        reason=np.where(first, intrabar.reason, market.reason),
    )


def _market_exits(bars: Bars, fills: Fills, until: Ints, orders: Orders) -> tuple[Ints, Closings]:
    """Return the bars at whose closes market orders close the positions, and how those orders fill."""
    decided, reason = until, np.full(len(fills), SIGNAL, dtype=np.int8)
    for each in orders.timed:
        due = each.decided(fills)
        reason = np.where(due < decided, np.int8(each.reason), reason)
        decided = np.minimum(due, decided)
    bar = np.where(fills.bar != NONE, orders.fill.bar(decided, bars), NONE)
    price = orders.fill.prices(bars)[bar]
    return decided, Closings(bar, price, np.where(bar == NONE, np.int8(0), reason))


def _intrabar_exits(bars: Bars, side: Sides, fills: Fills, final: Ints, orders: Orders) -> Closings:
    """Return the first stop or target that each position reaches, up to the bar `final`."""
    found = Closings(np.full(len(side), NONE), np.full(len(side), np.nan), np.zeros(len(side), dtype=np.int8))
    for one in (1, -1):
        search = _Search(one, bars, fills, orders, found)
        scan(np.flatnonzero((side == one) & (fills.bar != NONE)), fills.since + 1, final, len(bars), search.look)
    return found


class _Search:
    """The search for one side's stops and targets. Prices of shorts are negated, so that higher is better."""

    def __init__(self, side: int, bars: Bars, fills: Fills, orders: Orders, found: Closings) -> None:
        self._side, self._fills, self._found = side, fills, found
        self._stops, self._targets = orders.stops, orders.targets
        self._open = bars.open
        self._worst, self._best = (bars.low, bars.high) if side > 0 else (bars.high, bars.low)
        self._entry = side * fills.price
        self._best_so_far = self._entry.copy()
        self._any_intrabar = bool(fills.intrabar.any())

    def look(self, which: Ints, bars: Ints, within: Flags) -> Flags:
        """Find the exits of the positions `which` in `bars`, a row of bars each; return whose exit is found."""
        window = PriceWindow(self._side, which, self._entry[which, None], self._best_of(which, bars), self._best_so_far)
        stops = [each.level(window) for each in self._stops]
        targets = [each.level(window) for each in self._targets]
        stopped: Flags = within & (self._signed(self._worst, bars) <= _nearest_stop(stops))
        hit = stopped | (within & (window.best >= _nearest_target(targets))) if targets else stopped
        found: Flags = np.logical_or.reduce(hit, axis=1)
        row = np.flatnonzero(found)
        column = hit[row].argmax(axis=1)
        self._close(
            which[row],
            bars[row, column],
            [np.broadcast_to(level, bars.shape)[row, column] for level in stops],
            [np.broadcast_to(level, bars.shape)[row, column] for level in targets],
            stopped[row, column],
        )
        return found

    def _signed(self, prices: Floats, bars: Ints) -> Floats:
        taken = prices[bars]
        return taken if self._side > 0 else np.negative(taken, out=taken)

    def _best_of(self, which: Ints, bars: Ints) -> Floats:
        """Return the best price of each bar, −inf where it may lie before the entry."""
        best = self._signed(self._best, bars)
        if self._any_intrabar:
            best[(bars == self._fills.bar[which, None]) & self._fills.intrabar[which, None]] = -np.inf
        return best

    def _close(self, which: Ints, bar: Ints, stops: Levels, targets: Levels, stopped: Flags) -> None:
        """Record the exits of `which` in `bar`: at the open where that is past a level, else at the level.

        Where a bar reaches a stop and a target, the stop comes first, unless the bar opens past the target.
        """
        open_, stop, target = self._side * self._open[bar], _nearest_stop(stops), _nearest_target(targets)
        intrabar = (bar == self._fills.bar[which]) & self._fills.intrabar[which]
        won = ~stopped | ((open_ >= target) & ~intrabar)
        price = np.where(won, np.maximum(open_, target), np.where(intrabar, stop, np.minimum(open_, stop)))
        self._found.bar[which] = bar
        self._found.price[which] = self._side * price
        self._found.reason[which] = np.where(
            won, _reason(self._targets, targets, target), _reason(self._stops, stops, stop)
        )


def _nearest_stop(levels: Levels) -> Floats:
    return reduce(np.maximum, levels) if levels else np.array(-np.inf)


def _nearest_target(levels: Levels) -> Floats:
    return reduce(np.minimum, levels) if levels else np.array(np.inf)


def _reason(exits: Sequence[PriceExit], levels: Levels, nearest: Floats) -> Sides:
    """Return the reason of the first exit whose level is the nearest."""
    reason = np.zeros(nearest.shape, dtype=np.int8)
    for each, level in zip(reversed(exits), reversed(levels), strict=True):
        reason = np.where(level == nearest, np.int8(each.reason), reason)
    return reason
