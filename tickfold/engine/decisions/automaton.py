"""The position automaton: which positions follow from what a strategy asks for.

It knows bars and orders, never cash, and that is what lets a range be cut anywhere. Successive asks for the same side
are one wish. Where a wish begins, what was held before it no longer matters: the position is on the other side, or
there is none. So a wish is a chain of positions that depends on nothing before it: the first is opened where it begins,
and each next one, where stops or time ended the one before, at the first ask from there on.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from tickfold.engine.bars import Bars, Floats, Ints
from tickfold.engine.decisions.entries import enter
from tickfold.engine.decisions.exits import first_exit
from tickfold.engine.decisions.orders import MAX_BARS, NONE, SIGNAL, UNFILLED, Direction, Orders
from tickfold.engine.signals import FLAT, HOLD, SHORT, Signals

Sides = npt.NDArray[np.int8]
NEVER = np.iinfo(np.int64).max // 2


@dataclass(frozen=True, eq=False)
class Asks:
    """The bars at which a strategy asks for a side, in order, and that side: 1 long, 0 none, −1 short."""

    bar: Ints
    side: Sides

    def __len__(self) -> int:
        return len(self.bar)

    @cached_property
    def begins(self) -> Ints:
        """The asks with which a wish begins."""
        return np.append(np.arange(min(len(self), 1)), np.flatnonzero(self.side[1:] != self.side[:-1]) + 1)

    @cached_property
    def starts(self) -> Ints:
        """For each ask the first ask of its wish."""
        return np.repeat(self.begins, np.diff(self.begins, append=len(self)))

    @cached_property
    def ends(self) -> Ints:
        """For each ask the first ask of the next wish; where there is none, how many asks there are."""
        return np.repeat(
            np.append(self.begins[1:], len(self))[: len(self.begins)], np.diff(self.begins, append=len(self))
        )

    @cached_property
    def until(self) -> Ints:
        """For each ask the bar whose close asks for something else; where there is none, a bar that never comes."""
        return np.append(self.bar, NEVER)[self.ends]

    def later(self, bars: int) -> Self:
        """Return these asks, their bars counted from `bars` bars earlier."""
        return type(self)(self.bar + bars, self.side)


@dataclass(frozen=True, eq=False)
class Positions:
    """Positions in the order of their asks, as parallel arrays.

    `ask` numbers the ask that led to each. Prices are the market's, before spread and slippage. A bar may be `NONE`:
    the order is not filled, or the position not closed, within the bars that are known. `reason` numbers `REASONS`; an
    order that is over and was not filled has a `reason` and an `exit_bar` too, the one at whose close it was over.
    """

    ask: Ints
    side: Sides
    entry_bar: Ints
    entry_price: Floats
    exit_bar: Ints
    exit_price: Floats
    reason: Sides

    def __len__(self) -> int:
        return len(self.ask)

    def __getitem__(self, which: "slice | npt.NDArray[np.generic]") -> "Positions":
        return Positions(*(column[which] for column in vars(self).values()))

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Which of them have ended within the bars that are known."""
        ended: npt.NDArray[np.bool_] = self.exit_bar != NONE
        return ended

    def later(self, bars: int) -> "Positions":
        """Return these positions, their bars counted from `bars` bars earlier."""
        entry_bar = np.where(self.entry_bar == NONE, NONE, self.entry_bar + bars)
        exit_bar = np.where(self.exit_bar == NONE, NONE, self.exit_bar + bars)
        return replace(self, entry_bar=entry_bar, exit_bar=exit_bar)


@dataclass(frozen=True, eq=False)
class Decisions:
    """What is decided before money comes in: the asks, and the positions that follow from them."""

    asks: Asks
    positions: Positions


def asked(signals: Signals, direction: Direction) -> Asks:
    """Return what `signals` ask for, as far as `direction` allows it: a side that it forbids is an ask for none.

    Raises:
        ValueError: a value is none of HOLD, LONG, SHORT and FLAT.
    """
    if len(signals) and not SHORT <= signals.min() <= signals.max() <= FLAT:  # HOLD and LONG lie between these
        raise ValueError("a strategy's signals must be HOLD, LONG, SHORT or FLAT at every bar")
    bar = np.flatnonzero(signals != HOLD)
    side = signals[bar]
    side[side == FLAT] = 0
    if direction == "long":
        side = np.maximum(side, 0)
    elif direction == "short":
        side = np.minimum(side, 0)
    return Asks(bar, side)


def decide(bars: Bars, asks: Asks, orders: Orders) -> Decisions:
    """Run the automaton over `bars`, of which the first is bar 0, beginning with nothing held."""
    begins = asks.begins
    ask = begins[asks.side[begins] != 0]
    found = [resolve(bars, asks, ask, orders)]
    while not orders.one_position_a_wish and len(ask):
        ask = next_ask(asks, found[-1], orders)
        ask = ask[ask != NONE]
        found.append(resolve(bars, asks, ask, orders))
    return Decisions(asks, merge(found))


def resolve(bars: Bars, asks: Asks, ask: Ints, orders: Orders) -> Positions:
    """Return what becomes of an order at each of `ask`, which must ask for a side and be in order."""
    last = len(bars) - 1
    bar, side = asks.bar[ask], asks.side[ask]
    until = asks.until[ask]
    lives = until if orders.limit_bars is None else np.minimum(until, bar + orders.limit_bars)
    entry = enter(bars, bar, side, np.minimum(lives, last), orders)
    over = until if orders.max_bars is None else np.minimum(until, entry.after + orders.max_bars)
    next_bar = int(orders.fill == "open")
    exit_bar = np.where((entry.bar != NONE) & (over + next_bar <= last), over + next_bar, NONE)
    exit_price = (bars.open if next_bar else bars.close)[exit_bar]
    reason = np.where(exit_bar == NONE, 0, np.where(until <= over, SIGNAL, MAX_BARS)).astype(np.int8)
    if orders.within_bars:
        early = first_exit(bars, side, entry, np.minimum(over, last), orders)
        was = early.bar != NONE
        exit_bar = np.where(was, early.bar, exit_bar)
        exit_price = np.where(was, early.price, exit_price)
        reason = np.where(was, early.reason, reason)
    if orders.limit is not None:
        expired = (entry.bar == NONE) & (lives <= last)
        exit_bar[expired], reason[expired] = lives[expired], UNFILLED
    return Positions(ask, side, entry.bar, entry.price, exit_bar, exit_price, reason)


def next_ask(asks: Asks, positions: Positions, orders: Orders) -> Ints:
    """Return the ask at which the same wish opens its next position; `NONE` where it does not, or not yet.

    After an exit inside a bar that bar's own close counts, and so does the close at which an order expired; after an
    exit for its time, the closes after the decision.
    """
    free = positions.exit_bar + ((positions.reason == MAX_BARS) & (orders.fill == "close"))
    ask = np.searchsorted(asks.bar, free)
    goes_on = positions.known & (positions.reason != SIGNAL) & (ask < asks.ends[positions.ask])
    return np.where(goes_on, ask, NONE)


def merge(parts: list[Positions]) -> Positions:
    """Put positions together, in the order of their asks."""
    if len(parts) == 1:
        return parts[0]
    joined = Positions(*(np.concatenate(columns) for columns in zip(*(vars(p).values() for p in parts), strict=True)))
    if (joined.ask[1:] >= joined.ask[:-1]).all():  # chunks side by side are in order
        return joined
    return joined[np.argsort(joined.ask, kind="stable")]  # runs in order, which a stable sort merges quickly
