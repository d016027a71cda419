"""The fold: makes one run of many speculations, by following what was held over the chunks' boundaries."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tickfold.engine.bars import Bars, Ints
from tickfold.engine.decisions.automaton import Asks, Decisions, Positions, merge, next_ask, resolve
from tickfold.engine.decisions.chunk import Speculation
from tickfold.engine.decisions.orders import MAX_BARS, NONE, SIGNAL, Orders


@dataclass(frozen=True, eq=False)
class Folded:
    """The decisions of the whole run, and how many bars had to be run again to know them."""

    decisions: Decisions
    replayed_bars: int


def fold(speculations: Sequence[Speculation], bars: Bars, orders: Orders) -> Folded:
    """Join `speculations`, which must be in order and leave no gap, into the decisions of one pass over `bars`.

    A wish that begins in a chunk stands as the chunk's worker saw it; where its last position was still open at the
    chunk's end, that is followed to its exit. A wish that goes on from the chunk before is followed from what is truly
    held, until that opens a position where the worker opened one too: from there on the two are the same.

    Raises:
        ValueError: a chunk is missing or out of order.
    """
    _check_order(speculations, len(bars))
    run = _Run(speculations, bars, orders)
    standing = run.follow_open_ones()
    carried = [] if orders.one_position_a_wish else [run.follow(wish, standing) for wish in run.carried_wishes()]
    return Folded(Decisions(run.asks, merge([standing, *carried])), run.replayed_bars)


def _check_order(speculations: Sequence[Speculation], bars: int) -> None:
    expected = 0
    for speculation in speculations:
        if speculation.chunk.start != expected:
            raise ValueError(f"a chunk begins at bar {speculation.chunk.start}; expected bar {expected}")
        expected = speculation.chunk.stop
    if expected != bars:
        raise ValueError(f"the chunks end at bar {expected}; expected bar {bars}")


class _Run:
    """The speculations side by side: asks and guessed positions of all chunks, counted from the run's first."""

    def __init__(self, speculations: Sequence[Speculation], bars: Bars, orders: Orders) -> None:
        self._bars, self._orders = bars, orders
        found = [speculation.decisions for speculation in speculations]
        self._first_ask = np.cumsum([0, *(len(decisions.asks) for decisions in found)])
        self._stop = np.array([speculation.chunk.stop for speculation in speculations], dtype=np.int64)
        self.asks = Asks(
            np.concatenate([decisions.asks.bar for decisions in found]),
            np.concatenate([decisions.asks.side for decisions in found]),
        )
        self._guessed = merge(
            [
                replace(decisions.positions, ask=decisions.positions.ask + first)
                for decisions, first in zip(found, self._first_ask, strict=False)
            ]
        )
        self._chunk = np.repeat(np.arange(len(found)), [len(decisions.positions) for decisions in found])
        self.replayed_bars = 0

    def follow_open_ones(self) -> Positions:
        """Return the positions of wishes that begin in a chunk, those that were open at its end followed further."""
        stands = self.asks.starts[self._guessed.ask] >= self._first_ask[self._chunk]
        known = stands & self._guessed.known
        open_ = stands & ~known
        return merge([self._guessed[known], self._again(self._guessed.ask[open_], self._stop[self._chunk[open_]])])

    def carried_wishes(self) -> Ints:
        """Return the first asks of the wishes for a side that go on in a later chunk."""
        first = np.unique(self._first_ask[:-1][np.diff(self._first_ask) > 0])
        starts = self.asks.starts[first]
        return np.unique(starts[(starts < first) & (self.asks.side[first] != 0)])

    def follow(self, wish: int, standing: Positions) -> Positions:
        """Return the positions of a carried wish after those that stand."""
        ask = self._next(standing[: int(np.searchsorted(standing.ask, self.asks.ends[wish]))][-1:])
        found = []
        while ask != NONE:
            part = self._guessed_from(ask)
            if not len(part) or not part.known[-1]:
                part = merge([part[:-1], self._again_one(int(part.ask[-1]) if len(part) else ask)])
            found.append(part)
            ask = self._next(part[-1:])
        return merge([standing[:0], *found])

    def _guessed_from(self, ask: int) -> Positions:
        """Return what the worker guessed from `ask` on, in its chunk and wish; nothing if it opened nothing there."""
        at = int(np.searchsorted(self._guessed.ask, ask))
        if at == len(self._guessed) or self._guessed.ask[at] != ask:
            return self._guessed[:0]
        end = min(int(self.asks.ends[ask]), int(self._first_ask[self._chunk[at] + 1]))
        return self._guessed[at : int(np.searchsorted(self._guessed.ask, end))]

    def _next(self, position: Positions) -> int:
        return int(next_ask(self.asks, position, self._orders)[0])

    def _again_one(self, ask: int) -> Positions:
        at = np.array([ask])
        return self._again(at, self.asks.bar[at] + 1)

    def _again(self, ask: Ints, since: Ints) -> Positions:
        """Run orders again over all bars; of these, the ones from `since` on are counted."""
        found = resolve(self._bars, self.asks, ask, self._orders)
        decided_before = (found.reason == SIGNAL) | (found.reason == MAX_BARS) if self._orders.fill == "open" else False
        final = np.where(found.known, found.exit_bar - decided_before, len(self._bars) - 1)
        self.replayed_bars += int(np.maximum(final - since + 1, 0).sum())
        return found
