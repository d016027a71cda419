"""The fold: joins the speculations of all chunks into the decisions of a single pass."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tickfold.engine.arrays import NONE, Ints
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.automaton import Decisions, next_entry, resolve
from tickfold.engine.decisions.chunk import Speculation
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.positions import Positions, merge
from tickfold.engine.decisions.signal_events import SignalEvents


@dataclass(frozen=True, eq=False)
class Folded:
    """The decisions of the whole run, and how many bars were replayed to know them."""

    decisions: Decisions
    replayed_bars: int


def fold(speculations: Sequence[Speculation], bars: Bars, orders: Orders) -> Folded:
    """Join `speculations`, in order and without gaps, into the decisions of a single pass over `bars`.

    A target that starts in a chunk stands as its worker simulated it; a position still open at the chunk's end is
    replayed to its exit. A target carried over from an earlier chunk is followed from what is truly held until that
    opens a position at an event where the worker opened one too: from there on the two are the same.

    Raises:
        ValueError: a chunk is missing or out of order.
    """
    _check_order(speculations, len(bars))
    run = _Run(speculations, bars, orders)
    standing = run.finish_open_positions()
    carried = [] if orders.one_position_per_target else [run.follow(start, standing) for start in run.carried_targets()]
    return Folded(Decisions(run.events, merge([standing, *carried])), run.replayed_bars)


def _check_order(speculations: Sequence[Speculation], bars: int) -> None:
    expected = 0
    for speculation in speculations:
        if speculation.chunk.start != expected:
            raise ValueError(f"a chunk starts at bar {speculation.chunk.start}; expected bar {expected}")
        expected = speculation.chunk.stop
    if expected != bars:
        raise ValueError(f"the chunks end at bar {expected}; expected bar {bars}")


class _Run:
    """The speculations of all chunks side by side: signal events and positions, counted from the run's first."""

    def __init__(self, speculations: Sequence[Speculation], bars: Bars, orders: Orders) -> None:
        self._bars, self._orders = bars, orders
        found = [speculation.decisions for speculation in speculations]
        self._first_event = np.cumsum([0, *(len(decisions.events) for decisions in found)])
        self._stop = np.array([speculation.chunk.stop for speculation in speculations], dtype=np.int64)
        self.events = SignalEvents.concatenate([decisions.events for decisions in found])
        self._chunk = np.repeat(np.arange(len(found)), [len(decisions.positions) for decisions in found])
        by_chunk = Positions.concatenate([decisions.positions for decisions in found])
        self._speculated = replace(by_chunk, event=by_chunk.event + self._first_event[self._chunk])
        self.replayed_bars = 0

    def finish_open_positions(self) -> Positions:
        """Return the positions of targets that start in their chunk; those open at its end are replayed to their exit.

        These stand, whatever was held before.
        """
        stands = self.events.target_start[self._speculated.event] >= self._first_event[self._chunk]
        standing = self._speculated if stands.all() else self._speculated[stands]
        open_ = np.flatnonzero(~standing.known)
        stop = self._stop[self._chunk[stands][open_]]
        return standing.with_rows(open_, self._replay(standing.event[open_], stop))

    def carried_targets(self) -> Ints:
        """Return the first events of the long and short targets that are carried over a chunk boundary."""
        first = np.unique(self._first_event[:-1][np.diff(self._first_event) > 0])
        starts = self.events.target_start[first]
        return np.unique(starts[(starts < first) & (self.events.side[first] != 0)])

    def follow(self, start: int, standing: Positions) -> Positions:
        """Return the positions of the carried target with first event `start` after those that stand."""
        event = self._next(standing[: int(np.searchsorted(standing.event, self.events.target_stop[start]))][-1:])
        found = []
        while event != NONE:
            part = self._speculated_from(event)
            if not len(part) or not part.known[-1]:
                part = merge([part[:-1], self._replay_one(int(part.event[-1]) if len(part) else event)])
            found.append(part)
            event = self._next(part[-1:])
        return merge([standing[:0], *found])

    def _speculated_from(self, event: int) -> Positions:
        """Return the worker's positions from `event` on, in its chunk and target; none if it opened none at `event`."""
        at = int(np.searchsorted(self._speculated.event, event))
        if at == len(self._speculated) or self._speculated.event[at] != event:
            return self._speculated[:0]
        stop = min(int(self.events.target_stop[event]), int(self._first_event[self._chunk[at] + 1]))
        return self._speculated[at : int(np.searchsorted(self._speculated.event, stop))]

    def _next(self, position: Positions) -> int:
        return int(next_entry(self.events, position, self._orders)[0])

    def _replay_one(self, event: int) -> Positions:
        at = np.array([event])
        return self._replay(at, self.events.bar[at] + 1)

    def _replay(self, event: Ints, since: Ints) -> Positions:
        """Resolve orders again, over all bars; count the bars from `since` to each exit's decision as replayed."""
        found = resolve(self._bars, self.events, event, self._orders)
        decided = found.exit_bar - self._orders.closed_at_market(found.reason) * self._orders.fill.delay
        final = np.where(found.known, decided, len(self._bars) - 1)
        self.replayed_bars += int(np.maximum(final - since + 1, 0).sum())
        return found
