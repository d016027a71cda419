"""Chunks: how a range is cut, and what a worker finds out about its chunk without knowing what came before it."""

from dataclasses import dataclass
from itertools import pairwise

from tickfold.engine.bars import Bars
from tickfold.engine.decisions.automaton import Decisions, asked, decide
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.signals import Signals

WARM_UP_SHARE = 10
"""A chunk is at least this many times its warm-up, so that no more than a tenth of the work is done twice."""
FEWEST_BARS = 256
"""Below this, starting a worker takes longer than its work."""
WAVES = 4
"""So many chunks a worker at most: a slow one then holds up little, and progress is seen."""


@dataclass(frozen=True)
class Chunk:
    """The bars from `start` to `stop` (exclusive), counted from the run's first bar."""

    start: int
    stop: int

    def warm_up(self, lookback: int) -> int:
        """Return how many bars before the chunk its worker must read."""
        return min(lookback, self.start)


def cut(bars: int, lookback: int, workers: int, chunks: int | None = None) -> list[Chunk]:
    """Cut `bars` bars into nearly equal chunks.

    Args:
        bars: bars in the run.
        lookback: bars that a signal looks back.
        workers: workers that can run at once.
        chunks: force this number.
    """
    smallest = max(FEWEST_BARS, WARM_UP_SHARE * lookback)
    count = chunks if chunks is not None else max(1, min(WAVES * workers, bars // smallest))
    edges = [bars * k // count for k in range(count + 1)]
    return [Chunk(start, stop) for start, stop in pairwise(edges)]


@dataclass(frozen=True, eq=False)
class Speculation:
    """A chunk simulated as if it began with nothing held. Bars count from the run's first, asks from the chunk's."""

    chunk: Chunk
    decisions: Decisions


def speculate(chunk: Chunk, bars: Bars, signals: Signals, orders: Orders) -> Speculation:
    """Run the automaton over the chunk's own bars and signals (warm-up removed), assuming that it starts flat.

    Raises:
        ValueError: bars or signals are more or fewer than the chunk's.
    """
    length = chunk.stop - chunk.start
    if not length == len(signals) == len(bars):
        raise ValueError(f"{len(signals)} signals and {len(bars)} bars for a chunk of {length} bars")
    found = decide(bars, asked(signals, orders.direction), orders)
    return Speculation(chunk, Decisions(found.asks.later(chunk.start), found.positions.later(chunk.start)))
