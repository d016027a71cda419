"""The exit search: when, at what price and why positions end, given the exits of the run's orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from tickfold.engine.arrays import NONE, ArrayRecord, Flags, Floats, Ints, Sides
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.entries import Fills
from tickfold.engine.decisions.exits import SIGNAL, PriceExit, PriceWindow
from tickfold.engine.decisions.level_search import REACH, first_outside, in_turn
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.scan import scan

Levels = Sequence[Floats]


@dataclass(frozen=True, eq=False)
class Closings(ArrayRecord):
    """How positions end: the bar (`NONE`: not within the bars that are known), the market price, and the reason."""

    bar: Ints
    price: Floats
    reason: Sides


def find_exits(
    bars: Bars, side: Sides, fills: Fills, until: Ints, orders: Orders, *, best: Floats | None = None
) -> Closings:
    """Return how the positions opened by `fills` end, whose target changes at the closes of the bars `until`.

    `best` is the best price since the entry, negated for shorts, of positions that were opened before `bars`.
    """
    decided, market = _market_exits(bars, fills, until, orders)
    if not (orders.stops or orders.targets):
        return market
    exits = _IntrabarExits(bars, side, fills, orders, side * fills.price if best is None else best)
    intrabar = _intrabar_exits(exits, np.minimum(decided, len(bars) - 1), orders)
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


def _intrabar_exits(exits: "_IntrabarExits", final: Ints, orders: Orders) -> Closings:
    """Return the first stop or target that each position reaches, up to the bar `final`."""
    side, fills, bars = exits.side, exits.fills, exits.bars
    first = np.maximum(fills.since + 1, 0)
    which = np.flatnonzero((fills.bar != NONE) & (first <= final))
    if orders.fixed_levels:
        which, first = _visit_in_turn(exits, which, first, final)
    for one in (1, -1):
        scan(which[side[which] == one], first, final, len(bars), _Search(one, exits).look)
    return exits.found


def _visit_in_turn(exits: "_IntrabarExits", which: Ints, first: Ints, final: Ints) -> tuple[Ints, Ints]:
    """Find exits at levels that do not move in the first bars of the positions `which`, all in one pass over the bars.

    Return the positions whose exit is still to be found, and the bars from which to search on.
    """
    some = which[~exits.fills.intrabar[which]]
    start, stop = first[some], np.minimum(first[some] + REACH, final[some] + 1)
    if not in_turn(start, stop):
        return which, first
    side = exits.side[some]
    window = PriceWindow(side, some, exits.entry[some], np.empty(0), exits.entry)
    stops, targets = [each.level(window) for each in exits.stops], [each.level(window) for each in exits.targets]
    stop_level, target_level, long = _nearest_stop(stops), _nearest_target(targets), side > 0
    below = np.where(long, stop_level, -target_level)
    above = np.where(long, target_level, -stop_level)
    bar = first_outside(exits.bars, below, above, start, stop)
    row = np.flatnonzero(bar != NONE)
    at, reached = bar[row], some[row]
    stopped = np.where(long[row], exits.bars.low[at] <= below[row], exits.bars.high[at] >= above[row])
    exits.close(reached, at, [level[row] for level in stops], [level[row] for level in targets], stopped)
    first[some] = stop
    return which[(exits.found.bar[which] == NONE) & (first[which] <= final[which])], first


class _IntrabarExits:
    """The stops and targets that positions reach. Prices of shorts are negated, so that higher is better."""

    def __init__(self, bars: Bars, side: Sides, fills: Fills, orders: Orders, best: Floats) -> None:
        self.bars, self.side, self.fills = bars, side, fills
        self.stops, self.targets = orders.stops, orders.targets
        self.entry = side * fills.price
        self.best = best
        self.found = Closings(np.full(len(side), NONE), np.full(len(side), np.nan), np.zeros(len(side), dtype=np.int8))

    def close(self, which: Ints, bar: Ints, stops: Levels, targets: Levels, stopped: Flags) -> None:
        """Record the exits of `which` in `bar`: at the open where that is past a level, else at the level.

        Where a bar reaches a stop and a target, the stop comes first, unless the bar opens past the target.
        """
        side = self.side[which]
        open_, stop, target = side * self.bars.open[bar], _nearest_stop(stops), _nearest_target(targets)
        intrabar = (bar == self.fills.bar[which]) & self.fills.intrabar[which]
        won = ~stopped | ((open_ >= target) & ~intrabar)
        price = np.where(won, np.maximum(open_, target), np.where(intrabar, stop, np.minimum(open_, stop)))
        self.found.bar[which] = bar
        self.found.price[which] = side * price
        self.found.reason[which] = np.where(
            won, _reason(self.targets, targets, target), _reason(self.stops, stops, stop)
        )


class _Search:
    """The search for one side's stops and targets, window by window."""

    def __init__(self, side: int, exits: _IntrabarExits) -> None:
        self._side, self._exits, self._fills = side, exits, exits.fills
        bars = exits.bars
        self._worst, self._best = (bars.low, bars.high) if side > 0 else (bars.high, bars.low)
        self._best_so_far = exits.best.copy()
        self._any_intrabar = bool(exits.fills.intrabar.any())

    def look(self, which: Ints, bars: Ints, within: Flags) -> Flags:
        """Find the exits of the positions `which` in `bars`, a row of bars each; return whose exit is found."""
        entry, best = self._exits.entry[which, None], self._best_of(which, bars)
        window = PriceWindow(self._side, which, entry, best, self._best_so_far)
        stops = [each.level(window) for each in self._exits.stops]
        targets = [each.level(window) for each in self._exits.targets]
        stopped: Flags = within & (self._signed(self._worst, bars) <= _nearest_stop(stops))
        hit = stopped | (within & (window.best >= _nearest_target(targets))) if targets else stopped
        found: Flags = np.logical_or.reduce(hit, axis=1)
        row = np.flatnonzero(found)
        column = hit[row].argmax(axis=1)
        self._exits.close(
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
