"""Exits inside a bar: where a stop loss, a trailing stop or a take profit ends a position, and at what price."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tickfold.engine.bars import Bars, Floats, Ints
from tickfold.engine.decisions.entries import Entries
from tickfold.engine.decisions.orders import NONE, STOP_LOSS, TAKE_PROFIT, TRAILING_STOP, Orders
from tickfold.engine.decisions.scan import scan

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Exits:
    """Where positions end inside a bar (`NONE`: they do not), at what market price, and which of `REASONS` it was."""

    bar: Ints
    price: Floats
    reason: npt.NDArray[np.int8]


def first_exit(bars: Bars, side: npt.NDArray[np.int8], entry: Entries, final: Ints, orders: Orders) -> Exits:
    """Return the first exit inside a bar of each position that `entry` opened, up to the bar `final`."""
    found = Exits(np.full(len(side), NONE), np.full(len(side), np.nan), np.zeros(len(side), dtype=np.int8))
    for one in (1, -1):
        search = _Search(one, bars, entry, orders, found)
        scan(np.flatnonzero((side == one) & (entry.bar != NONE)), entry.after + 1, final, len(bars), search.look)
    return found


class _Search:
    """The search for one side's exits. Prices of shorts are negated, so that better is higher for both sides."""

    def __init__(self, side: int, bars: Bars, entry: Entries, orders: Orders, found: Exits) -> None:
        self._side, self._entry, self._found = side, entry, found
        self._open = bars.open
        self._worst, self._best = (bars.low, bars.high) if side > 0 else (bars.high, bars.low)
        self._stop = self._level(orders.stop_loss, -1)
        self._target = self._level(orders.take_profit, 1)
        self._trail = None if orders.trailing_stop is None else 1 - side * orders.trailing_stop
        self._best_so_far = side * entry.price
        self._inside = bool(entry.inside.any())

    def _level(self, distance: float | None, towards: int) -> Floats | None:
        if distance is None:
            return None
        return self._side * self._entry.price * (1 + self._side * towards * distance)

    def look(self, which: Ints, window: Ints, within: Flags) -> Flags:
        """Find the exits of positions `which` in the bars of `window`, a row each."""
        best = self._best_of(which, window)
        stop = self._stops(which, best)
        stopped: Flags = within & (self._signed(self._worst, window) <= stop)
        hit = stopped if self._target is None else stopped | ((best >= self._target[which, None]) & within)
        found: Flags = np.logical_or.reduce(hit, axis=1)
        row = np.flatnonzero(found)
        column = hit[row].argmax(axis=1)
        level = np.broadcast_to(stop, window.shape)
        self._note(which[row], window[row, column], level[row, column], stopped[row, column])
        return found

    def _signed(self, prices: Floats, window: Ints) -> Floats:
        taken = prices[window]
        return taken if self._side > 0 else np.negative(taken, out=taken)

    def _best_of(self, which: Ints, window: Ints) -> Floats:
        """Return the best price of each bar, as far as it is known to have come after the entry."""
        best = self._signed(self._best, window)
        if self._inside:
            best[(window == self._entry.bar[which, None]) & self._entry.inside[which, None]] = -np.inf
        return best

    def _stops(self, which: Ints, best: Floats) -> Floats:
        """Return the level of the stop at each bar: the stop loss, or the trailing stop where that is nearer."""
        fixed = np.full((len(which), 1), -np.inf) if self._stop is None else self._stop[which, None]
        if self._trail is None:
            return fixed
        highest = np.maximum.accumulate(np.column_stack([self._best_so_far[which], best]), axis=1)
        self._best_so_far[which] = highest[:, -1]
        return np.maximum(highest[:, :-1] * self._trail, fixed)  # high and low of one bar have no known order

    def _note(self, which: Ints, bar: Ints, stop: Floats, stopped: Flags) -> None:
        """Keep where positions `which` end: at the open where that is past a level, else at the level, stops first."""
        open_ = self._side * self._open[bar]
        target = np.full(len(which), np.inf) if self._target is None else self._target[which]
        inside = (bar == self._entry.bar[which]) & self._entry.inside[which]
        win = ~stopped | ((open_ >= target) & ~inside)
        price = np.where(win, np.maximum(open_, target), np.where(inside, stop, np.minimum(open_, stop)))
        trailing = np.full(len(which), self._trail is not None)
        if self._stop is not None:
            trailing &= stop > self._stop[which]
        self._found.bar[which] = bar
        self._found.price[which] = self._side * price
        self._found.reason[which] = np.where(win, TAKE_PROFIT, np.where(trailing, TRAILING_STOP, STOP_LOSS))
