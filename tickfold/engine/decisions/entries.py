"""Entries: where a market or a limit order opens a position, and at what price."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tickfold.engine.bars import Bars, Floats, Ints
from tickfold.engine.decisions.orders import NONE, Orders
from tickfold.engine.decisions.scan import scan

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Entries:
    """Where orders are filled: the bar (`NONE`: not at all) and the market price.

    `after` is the bar at whose close a market order would have been decided that is filled there; from the bar after it
    the position can end. `inside` says that the fill lies between the bar's open and its close.
    """

    bar: Ints
    price: Floats
    after: Ints
    inside: Flags


def enter(bars: Bars, decided: Ints, side: npt.NDArray[np.int8], until: Ints, orders: Orders) -> Entries:
    """Return where the orders decided at the closes of bars `decided` are filled; `until` is a limit's last bar."""
    if orders.limit is not None:
        return _limit(bars, decided, side, until, orders.limit)
    nowhere = np.zeros(len(decided), dtype=np.bool_)
    if orders.fill == "close":
        return Entries(decided, bars.close[decided], decided, nowhere)
    bar = np.where(decided + 1 < len(bars), decided + 1, NONE)
    return Entries(bar, bars.open[bar], decided, nowhere)


def _limit(bars: Bars, decided: Ints, side: npt.NDArray[np.int8], until: Ints, distance: float) -> Entries:
    """A limit order is filled where the price reaches it: at its own price, or at a better open."""
    limit = bars.close[decided] * (1 - side * distance)
    bar = np.full(len(decided), NONE)
    for one in (1, -1):
        towards = bars.low if one > 0 else bars.high

        def reached(which: Ints, window: Ints, within: Flags, one: int = one, towards: Floats = towards) -> Flags:
            hit: Flags = within & (one * towards[window] <= one * limit[which, None])
            at = hit.argmax(axis=1)
            found = np.take_along_axis(hit, at[:, None], axis=1)[:, 0]
            bar[which[found]] = window[found, at[found]]
            return found

        scan(np.flatnonzero(side == one), decided + 1, until, len(bars), reached)
    open_ = bars.open[bar]
    inside = (bar != NONE) & (side * open_ > side * limit)
    return Entries(bar, np.where(inside, limit, open_), bar - 1, inside)
