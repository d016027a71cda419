"""Adjacent chunks as one block: what was decided over each by itself becomes what is decided over all of them at once.

Posting a block costs as much for a few bars as for thousands. So short chunks are put together before.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tickfold.engine.arrays import NONE, Ints
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.automaton import Decisions, bars_looked_at, next_entry, resolve
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.positions import Positions, merge
from tickfold.engine.decisions.signal_events import SignalEvents


def put_together(bars: Bars, parts: Sequence[Decisions], starts: Sequence[int], orders: Orders) -> Decisions:
    """Return the decisions over `bars` from a flat start, given those over each of its `parts` from a flat start.

    Part i begins at bar `starts[i]`; bars of all parts count from the first of `bars`.
    """
    return parts[0] if len(parts) == 1 else _Together(bars, parts, starts, orders).decisions()


class _Together:
    def __init__(self, bars: Bars, parts: Sequence[Decisions], starts: Sequence[int], orders: Orders) -> None:
        self._bars, self._parts, self._starts, self._orders = bars, parts, starts, orders
        self._events = SignalEvents.concatenate([part.events for part in parts])
        self._first = np.cumsum([0, *(len(part.events) for part in parts)]).tolist()
        self._taken: list[Positions] = []
        self._replayed_bars = 0

    def decisions(self) -> Decisions:
        for number in range(len(self._parts)):
            self._take(number)
        return Decisions(self._events, merge(self._taken), self._replayed_bars)

    def _take(self, number: int) -> None:
        """Take the positions of a part, but for its first target if that began before: it may go on otherwise."""
        first, found = self._first[number], self._parts[number].positions
        self._replayed_bars += self._parts[number].replayed_bars
        found = replace(found, event=found.event + first)
        if self._goes_on(first):
            found = found[np.searchsorted(found.event, self._follow(number, found)) :]
        open_ = ~found.known
        if open_.any() and number + 1 < len(self._parts):
            again = self._again(found.event[open_], self._starts[number + 1])
            found = found.with_rows(open_, again)
        self._taken.append(found)

    def _goes_on(self, first: int) -> bool:
        """Return whether the event `first` belongs to a target that began before it."""
        side = self._events.side
        return 0 < first < len(side) and side[first] != 0 and bool(side[first] == side[first - 1])

    def _follow(self, number: int, found: Positions) -> int:
        """Follow the target that goes on, until it opens a position that was `found`.

        Return the event from which on what was found holds: that position's, or the first that is not the target's.
        """
        first, after = self._first[number], self._first[number + 1]
        stop = min(int(self._events.target_stop[first]), after)
        event = self._next_entry()
        while NONE < event < stop and event not in found.event:
            again = self._again(np.array([event]), int(self._events.bar[event]) + 1)
            self._taken.append(again)
            event = int(next_entry(self._events, again, self._orders)[0])
        return event if NONE < event < stop else stop

    def _next_entry(self) -> int:
        """Return the event at which the target of the latest position opens its next one, or `NONE`."""
        latest = next(taken for taken in reversed(self._taken) if len(taken))[-1:]
        return int(next_entry(self._events, latest, self._orders)[0])

    def _again(self, event: Ints, since: int) -> Positions:
        """Return the positions that are opened at each `event`, and count the bars looked at from `since` on."""
        found = resolve(self._bars, self._events, event, self._orders)
        self._replayed_bars += bars_looked_at(found, since, len(self._bars), self._orders)
        return found
