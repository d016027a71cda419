"""Chunks: how a range of bars is cut, and what a worker simulates of its chunk."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tickfold.engine.bars import Bars
from tickfold.engine.decisions.adjacent import put_together
from tickfold.engine.decisions.automaton import Decisions, decide
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.signal_events import signal_events
from tickfold.engine.signals import Signals

WARM_UP_SHARE = 10
"""A chunk is at least this many times as long as its warm-up: at most a tenth of the work is done twice."""
FEWEST_BARS = 256
"""Shorter chunks take a worker longer to start than to simulate."""
WAVES = 4
"""Chunks per worker at most: a slow worker then delays the run little, and progress is visible."""


@dataclass(frozen=True)
class Chunk:
    """The bars from `start` to `stop`, exclusive, counted from the run's first bar."""

    start: int
    stop: int

    def warm_up(self, lookback: int) -> int:
        """Return how many bars before the chunk a worker reads for a strategy with this `lookback`."""
        return min(lookback, self.start)


def cut(bars: int, lookback: int, workers: int, chunks: int | None = None) -> list[Chunk]:
    """Return chunks of nearly equal length that cover `bars` bars.

    Args:
        bars: bars in the run.
        lookback: bars before a bar that its signal depends on.
        workers: workers that can run at once.
        chunks: the number of chunks; by default it follows from the other arguments.
    """
    smallest = max(FEWEST_BARS, WARM_UP_SHARE * lookback)
    count = chunks if chunks is not None else max(1, min(WAVES * workers, bars // smallest))
    edges = [bars * k // count for k in range(count + 1)]
    return [Chunk(start, stop) for start, stop in pairwise(edges)]


@dataclass(frozen=True, eq=False)
class Speculation:
    """The speculative execution of a chunk: its decisions under the assumption of a flat start.

    A worker cannot know what is held at its chunk's start; the fold keeps what holds under the true state and replays
    the rest. Bars count from the run's first, signal events from the chunk's first.
    """

    chunk: Chunk
    decisions: Decisions

    def decisions_from(self, first: int) -> Decisions:
        """Return the decisions with bars counted from the bar `first`."""
        events, positions = self.decisions.events, self.decisions.positions
        return Decisions(events.later(-first), positions.later(-first))


@dataclass(frozen=True)
class Stretch:
    """Adjacent chunks that are put together: those of the numbers `numbers`, from bar `start` to `stop`."""

    numbers: range
    start: int
    stop: int


def stretches(chunks: Sequence[Chunk], numbers: range, bars: int) -> Iterator[Stretch]:
    """Yield the `numbers` of adjacent `chunks` as stretches of together at most so many `bars`, or of one chunk."""
    first = numbers.start
    for number in numbers:
        after = number + 1
        if after == numbers.stop or chunks[after].stop - chunks[first].start > bars:
            yield Stretch(range(first, after), chunks[first].start, chunks[number].stop)
            first = after


def decisions_over(bars: Bars, speculations: Sequence[Speculation], orders: Orders) -> Decisions:
    """Return the decisions over `bars`, which adjacent `speculations` cover, from a flat start."""
    first = speculations[0].chunk.start
    starts = [each.chunk.start - first for each in speculations]
    return put_together(bars, [each.decisions_from(first) for each in speculations], starts, orders)


def speculate(chunk: Chunk, bars: Bars, signals: Signals, orders: Orders) -> Speculation:
    """Run the automaton from a flat start over the chunk's own `bars` and `signals`, without warm-up.

    Raises:
        ValueError: the lengths of chunk, bars and signals differ.
    """
    length = chunk.stop - chunk.start
    if not length == len(signals) == len(bars):
        raise ValueError(f"{len(signals)} signals and {len(bars)} bars for a chunk of {length} bars")
    found = decide(bars, signal_events(signals, orders.direction), orders)
    return Speculation(chunk, Decisions(found.events.later(chunk.start), found.positions.later(chunk.start)))
