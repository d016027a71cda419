"""The fold: joins what was decided over a block of bars by itself to what the bars before it left."""

from dataclasses import dataclass, replace

import numpy as np

from tickfold.engine.arrays import NONE, Ints
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.automaton import (
    Decisions,
    bars_looked_at,
    next_entry,
    placed_at,
    resolve,
    resolve_placed,
)
from tickfold.engine.decisions.carried import Carried, OpenPosition, WorkingOrder
from tickfold.engine.decisions.entries import Fills, PlacedOrders
from tickfold.engine.decisions.exit_search import find_exits
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.positions import Positions, merge
from tickfold.engine.decisions.signal_events import SignalEvents


@dataclass(frozen=True, eq=False)
class Joined:
    """The decisions of a block as a single pass makes them; bars count from the block's first.

    Attributes:
        events: the block's signal events, after those `carried` into it, whose bars are negative.
        positions: in the order of their events. That of a position which is held already has entry bar 0.
        carried: how many of the events were carried over.
        replayed_bars: bars that were looked at again for what was carried over.
    """

    events: SignalEvents
    positions: Positions
    carried: int
    replayed_bars: int


def placed_order(carried: Carried, joined: Joined, bars: Bars, event: Ints) -> PlacedOrders:
    """Return the entry order placed at `event`, one of those of `joined`, in the block of `bars` or before it."""
    if event[0] >= joined.carried or carried.order is None:
        return placed_at(bars, joined.events, event)
    return _placed_before(carried, carried.order, joined.events, event)


def _placed_before(carried: Carried, order: WorkingOrder, events: SignalEvents, event: Ints) -> PlacedOrders:
    """Return the carried `order`, which was placed at `event`, with its bar counted from the block's first."""
    decided, close = np.array([order.decided - carried.bars]), np.array([order.close])
    return PlacedOrders(decided, close, events.side[event], events.target_until[event])


def join(carried: Carried, bars: Bars, found: Decisions, orders: Orders) -> Joined:
    """Join what is `found` in a block of `bars` from a flat start to what is `carried` into it.

    A target that starts in the block stands as it was found. The carried one is followed from what is truly held until
    that opens a position at an event where one was found too: from there on the two are the same.
    """
    if not carried.target and carried.position is None:
        return Joined(found.events, found.positions, 0, 0)
    return _Join(carried, bars, found, orders).joined()


class _Join:
    def __init__(self, carried: Carried, bars: Bars, found: Decisions, orders: Orders) -> None:
        self._carried, self._bars, self._orders = carried, bars, orders
        before = _events(carried)
        self._first = len(before)
        self._events = SignalEvents.concatenate([before, found.events])
        self._found = replace(found.positions, event=found.positions.event + self._first)
        self._stop = int(self._events.target_stop[self._first - 1])
        self._replayed_bars = 0

    def joined(self) -> Joined:
        start = int(np.searchsorted(self._found.event, self._stop))
        chain = self._chain(self._found[:start])
        return Joined(self._events, merge([*chain, self._found[start:]]), self._first, self._replayed_bars)

    def _chain(self, found: Positions) -> list[Positions]:
        """Return the positions of the carried target, and the one before it if it is still held."""
        held, order = self._carried.position, self._carried.order
        chain = [self._resume(held)] if held else []
        if order:
            chain.append(self._fill(order))
        event = self._next(chain[-1]) if order or (held and held.side == self._carried.target) else self._first
        while NONE < event < self._stop and self._carried.target:
            at = int(np.searchsorted(found.event, event))
            if at < len(found) and found.event[at] == event:
                return [*chain, found[at:]]
            again = resolve(self._bars, self._events, np.array([event]), self._orders)
            chain.append(self._counted(again, int(self._events.bar[event]) + 1))
            event = self._next(again)
        return chain

    def _resume(self, held: OpenPosition) -> Positions:
        """Return the position that is held, with its exit if that is in the block."""
        side, since = np.array([held.side], dtype=np.int8), held.since - self._carried.bars
        price, entered = np.array([held.entry_price]), np.array([0])
        fills = Fills(entered, price, np.array([since]), np.array([False]), np.array([NONE]))
        closings = find_exits(
            self._bars, side, fills, self._events.target_until[:1], self._orders, best=np.array([held.best])
        )
        event = np.array([0])
        return self._counted(Positions(event, side, entered, price, closings.bar, closings.price, closings.reason), 0)

    def _fill(self, order: WorkingOrder) -> Positions:
        """Return what becomes of the order that was placed before the block."""
        event = np.array([self._first - 1])
        placed = _placed_before(self._carried, order, self._events, event)
        return self._counted(resolve_placed(self._bars, event, placed, self._orders), 0)

    def _next(self, position: Positions) -> int:
        return int(next_entry(self._events, position, self._orders)[0])

    def _counted(self, found: Positions, since: int) -> Positions:
        """Count the bars from `since` to the decision that ends `found` as replayed."""
        self._replayed_bars += bars_looked_at(found, since, len(self._bars), self._orders)
        return found


def _events(carried: Carried) -> SignalEvents:
    """Return the events before the block that still matter: that of a position that is to be closed, the target's."""
    held, order = carried.position, carried.order
    last = order.decided - carried.bars if order else -1
    if held is None or held.side == carried.target:
        return SignalEvents(np.array([last]), np.array([carried.target], dtype=np.int8))
    return SignalEvents(np.array([last - 1, last]), np.array([held.side, carried.target], dtype=np.int8))
