"""The position automaton: which positions follow from signals and orders, without knowledge of cash.

That is why a range can be cut anywhere. Successive signals for one side are one target position. Where the target
changes, what was held before no longer matters: the position is on the other side, or closed. So each target is a chain
of positions that depends on nothing before it: the first opens at the target's first signal event, and each next one,
after a stop, a target price or a time-out ended the one before, at the first event after that.
"""

from dataclasses import dataclass, replace

import numpy as np

from tickfold.engine.arrays import NONE, Ints
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.entries import PlacedOrders
from tickfold.engine.decisions.exit_search import find_exits
from tickfold.engine.decisions.exits import SIGNAL, UNFILLED
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.positions import Positions, merge
from tickfold.engine.decisions.signal_events import SignalEvents


@dataclass(frozen=True, eq=False)
class Decisions:
    """What a run decides before money is counted: signal events, and the positions that follow from them.

    `replayed_bars` counts those that were looked at again to find them, since a chunk did not know what was before it.
    """

    events: SignalEvents
    positions: Positions
    replayed_bars: int = 0


def decide(bars: Bars, events: SignalEvents, orders: Orders) -> Decisions:
    """Run the automaton over `bars`, of which the first is bar 0, from a flat start."""
    starts = events.target_starts
    event = starts[events.side[starts] != 0]
    found = [resolve(bars, events, event, orders)]
    while not orders.one_position_per_target and len(event):
        event = next_entry(events, found[-1], orders)
        event = event[event != NONE]
        found.append(resolve(bars, events, event, orders))
    return Decisions(events, merge(found))


def resolve(bars: Bars, events: SignalEvents, event: Ints, orders: Orders) -> Positions:
    """Return the positions of entry orders placed at each of `event`, in order, whose sides must not be flat."""
    return resolve_placed(bars, event, placed_at(bars, events, event), orders)


def placed_at(bars: Bars, events: SignalEvents, event: Ints) -> PlacedOrders:
    """Return the entry orders placed at each of `event`."""
    decided = events.bar[event]
    return PlacedOrders(decided, bars.close[decided], events.side[event], events.target_until[event])


def resolve_placed(bars: Bars, event: Ints, placed: PlacedOrders, orders: Orders) -> Positions:
    """Return the positions of the entry orders `placed`, each at one of `event`; they may be from before `bars`."""
    fills = orders.entry.fill(bars, placed, orders.fill)
    closings = find_exits(bars, placed.side, fills, placed.until, orders)
    found = Positions(event, placed.side, fills.bar, fills.price, closings.bar, closings.price, closings.reason)
    expired = fills.expired != NONE
    if not expired.any():
        return found
    reason = np.where(expired, np.int8(UNFILLED), found.reason)
    return replace(found, exit_bar=np.where(expired, fills.expired, found.exit_bar), reason=reason)


def bars_looked_at(found: Positions, since: int, bars: int, orders: Orders) -> int:
    """Return how many of so many `bars` were looked at, from `since` to the decision that ends each position."""
    decided = found.exit_bar - orders.closed_at_market(found.reason) * orders.fill.delay
    final = np.where(found.known, decided, bars - 1)
    return int(np.maximum(final - since + 1, 0).sum())


def next_entry(events: SignalEvents, positions: Positions, orders: Orders) -> Ints:
    """Return the event at which each position's target opens its next one; `NONE`: it does not, or not yet.

    That is the first event from the close at which the position is known to be over: the close of the bar in which a
    stop or a target price was reached or an order expired, and the close after the one that decided a timed exit.
    """
    event = np.full(len(positions), NONE)
    over = np.flatnonzero(positions.known & (positions.reason != SIGNAL))
    reason = positions.reason[over]
    free = positions.exit_bar[over] + orders.timed_out(reason) * (1 - orders.fill.delay)
    again = np.searchsorted(events.bar, free)
    event[over] = np.where(again < events.target_stop[positions.event[over]], again, NONE)
    return event
