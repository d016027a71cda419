"""Entries: the kinds of orders that open a position. A new kind is a class here."""

from dataclasses import dataclass
from typing import ClassVar, Final, Literal, Protocol

import numpy as np

from tickfold.engine.arrays import NONE, ArrayRecord, Flags, Floats, Ints, Sides
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.scan import scan


@dataclass(frozen=True)
class MarketFill:
    """Where market orders fill: at the `price` of the bar that is `delay` bars after the close that decided."""

    price: Literal["open", "close"]
    delay: int

    @property
    def at_open(self) -> bool:
        """Whether orders fill before the rest of the bar happens."""
        return self.price == "open"

    def prices(self, bars: Bars) -> Floats:
        return bars.open if self.at_open else bars.close

    def bar(self, decided: Ints, bars: Bars) -> Ints:
        """Return the bars at which orders fill that are decided at the closes of `decided`; `NONE` after the last."""
        bar = decided + self.delay
        bar[bar >= len(bars)] = NONE
        return bar


NEXT_OPEN: Final = MarketFill("open", delay=1)
SAME_CLOSE: Final = MarketFill("close", delay=0)


@dataclass(frozen=True, eq=False)
class PlacedOrders(ArrayRecord):
    """Entry orders, each `decided` at a bar's `close` in dollars, to be withdrawn at the close of the bar `until`."""

    decided: Ints
    close: Floats
    side: Sides
    until: Ints


@dataclass(frozen=True, eq=False)
class Fills(ArrayRecord):
    """What became of entry orders.

    Attributes:
        bar: where the order filled; `NONE`: nowhere within the bars that are known.
        price: at what market price, in dollars.
        since: the close from which the position counts; from the bar after it the position can end.
        intrabar: whether the fill came after the bar's open and before its close.
        expired: the bar at whose close the order expired unfilled; `NONE`: it did not.
    """

    bar: Ints
    price: Floats
    since: Ints
    intrabar: Flags
    expired: Ints


class Entry(Protocol):
    """A kind of entry order."""

    @property
    def takes_liquidity(self) -> bool:
        """Whether the order pays spread and slippage, as market and stop orders do."""

    @property
    def rests(self) -> bool:
        """Whether the order may wait for its price, and so may fill late, inside a bar, or not at all."""

    def fill(self, bars: Bars, orders: PlacedOrders, market: MarketFill) -> Fills:
        """Return the fills of `orders`; `market` is where market orders fill."""


@dataclass(frozen=True)
class MarketEntry:
    """Buy or sell short at the market."""

    takes_liquidity: ClassVar[bool] = True
    rests: ClassVar[bool] = False

    def fill(self, bars: Bars, orders: PlacedOrders, market: MarketFill) -> Fills:
        bar, count = market.bar(orders.decided, bars), len(orders)
        return Fills(
            bar=bar,
            price=market.prices(bars)[bar],
            since=orders.decided,
            intrabar=np.zeros(count, dtype=np.bool_),
            expired=np.full(count, NONE),
        )


MARKET_ENTRY: Final = MarketEntry()


@dataclass(frozen=True)
class LimitEntry:
    """A limit order at `distance`, a fraction, on the better side of the close that decided; good for `bars` bars.

    Without `bars` it is good until the target position changes. It fills where the price reaches the limit: at the
    limit, or at the bar's open where that is better.
    """

    distance: float
    bars: int | None = None

    takes_liquidity: ClassVar[bool] = False
    rests: ClassVar[bool] = True

    def fill(self, bars: Bars, orders: PlacedOrders, market: MarketFill) -> Fills:  # noqa: ARG002
        side, last = orders.side, len(bars) - 1
        limit = orders.close * (1 - side * self.distance)
        until = orders.until if self.bars is None else np.minimum(orders.until, orders.decided + self.bars)
        bar = _first_reached(bars, limit, orders, np.minimum(until, last))
        open_ = bars.open[bar]
        intrabar = (bar != NONE) & (side * open_ > side * limit)
        return Fills(
            bar=bar,
            price=np.where(intrabar, limit, open_),
            since=bar - 1,
            intrabar=intrabar,
            expired=np.where((bar == NONE) & (until <= last), until, NONE),
        )


def _first_reached(bars: Bars, limit: Floats, orders: PlacedOrders, final: Ints) -> Ints:
    """Return the first bar after each decision, up to the bar `final`, whose price reaches the limit; else `NONE`."""
    found, first = np.full(len(orders), NONE), np.maximum(orders.decided + 1, 0)
    for side in (1, -1):
        towards = bars.low if side > 0 else bars.high

        def look(which: Ints, window: Ints, within: Flags, side: int = side, towards: Floats = towards) -> Flags:
            hit: Flags = within & (side * towards[window] <= side * limit[which, None])
            at = hit.argmax(axis=1)
            reached = np.take_along_axis(hit, at[:, None], axis=1)[:, 0]
            found[which[reached]] = window[reached, at[reached]]
            return reached

        scan(np.flatnonzero(orders.side == side), first, final, len(bars), look)
    return found
