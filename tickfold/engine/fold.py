"""The fold: carries the position over chunk boundaries, and so makes one run of many speculations."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tickfold.engine.automaton import START, Decisions
from tickfold.engine.chunk import Speculation


@dataclass(frozen=True, eq=False)
class Folded:
    """The decisions of the whole run, and how many bars had to be run again to know them."""

    decisions: Decisions
    replayed_bars: int


def fold(speculations: Iterable[Speculation]) -> Folded:
    """Join `speculations`, which must be in order and leave no gap, into the decisions of one pass.

    A chunk that truly begins flat is taken as it is. Any other is run again from its true state until that state
    meets the speculated one; from there on the two are the same.

    Raises:
        ValueError: a chunk is missing or out of order.
    """
    bars: list[np.ndarray] = []
    sides: list[np.ndarray] = []
    state, replayed, expected = START, 0, 0
    for speculation in speculations:
        if speculation.chunk.start != expected:
            raise ValueError(f"a chunk begins at bar {speculation.chunk.start}; expected bar {expected}")
        expected = speculation.chunk.stop
        decisions, again = _from(state, speculation)
        replayed += again
        bars.append(decisions.bar)
        sides.append(decisions.side)
        if len(decisions.side):
            state = int(decisions.side[-1])
    return Folded(Decisions(np.concatenate(bars), np.concatenate(sides)), replayed)


def _from(state: int, speculation: Speculation) -> tuple[Decisions, int]:
    """Return the chunk's decisions when it begins in `state`, and how many of its bars were run again."""
    chunk, speculated = speculation.chunk, speculation.decisions
    if state == START:
        return speculated, 0
    if not len(speculation.bar):
        return speculated, chunk.stop - chunk.start
    # The state after a bar that asks for a side is that side, whatever it was before: the two runs meet there.
    met, side = int(speculation.bar[0]), speculation.target[0]
    later = int(np.searchsorted(speculated.bar, met, side="right"))
    first = [] if side == state else [met]
    return (
        Decisions(
            np.concatenate([np.array(first, dtype=np.int64), speculated.bar[later:]]),
            np.concatenate([np.full(len(first), side, dtype=np.int8), speculated.side[later:]]),
        ),
        met + 1 - chunk.start,
    )
