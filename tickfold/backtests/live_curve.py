"""The live curve: a run's equity, thinned on the way, in pieces that are published as soon as their bars are folded.

How far it is thinned follows from the number of bars that the run will have, so points once sent stay valid.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import isfinite

import numpy as np

from tickfold.backtests.run_store import RunStore
from tickfold.engine.arrays import Floats, Ints
from tickfold.protocol import Partial

CURVE_POINTS = 5_000
POINTS_A_PIECE = 400
"""About 60 bytes a point: a piece stays under the 32 KB of a WebSocket frame."""


@dataclass
class LiveCurve:
    """The curve of a run of `bars` bars after `seen` of them: how many `pieces` it has, and points for the next.

    `timestamp` is in microseconds since 1970 UTC; `equity` and `benchmark`, which is buy and hold, are in dollars.
    """

    bars: int
    seen: int = 0
    pieces: int = 0
    timestamp: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    equity: Floats = field(default_factory=lambda: np.empty(0))
    benchmark: Floats = field(default_factory=lambda: np.empty(0))

    def add(self, timestamp: Ints, equity: Floats, benchmark: Floats) -> Iterator[Partial]:
        """Add the next bars, and yield the pieces that are complete; the last is, once all bars are seen.

        `benchmark` is NaN before the first purchase.
        """
        at = self._kept(len(timestamp))
        self.seen += len(timestamp)
        self.timestamp = np.append(self.timestamp, timestamp[at])
        self.equity = np.append(self.equity, equity[at])
        self.benchmark = np.append(self.benchmark, benchmark[at])
        while len(self.timestamp) >= POINTS_A_PIECE or (self.seen == self.bars and len(self.timestamp)):
            yield self._piece()

    def _kept(self, bars: int) -> Ints:
        """Return which of the next `bars` are points: every nth of the run's, and its last."""
        step = self._step
        at = np.arange(-self.seen % step, bars, step)
        last = self.bars - 1 - self.seen
        return np.append(at, last) if 0 <= last < bars and last not in at[-1:] else at

    def _piece(self) -> Partial:
        count = POINTS_A_PIECE
        milliseconds = (self.timestamp[:count] // 1000).tolist()
        held = [dollars if isfinite(dollars) else None for dollars in self.benchmark[:count].tolist()]
        equity = list(zip(milliseconds, self.equity[:count].tolist(), strict=True))
        self.pieces += 1
        self.timestamp, self.equity = self.timestamp[count:], self.equity[count:]
        self.benchmark = self.benchmark[count:]
        return Partial(piece=self.pieces, pieces=self._all_pieces, equity=equity, buy_and_hold=held)

    @property
    def _step(self) -> int:
        return -(-self.bars // CURVE_POINTS)

    @property
    def _all_pieces(self) -> int:
        last, step = self.bars - 1, self._step
        points = last // step + 1 + (last % step != 0)
        return -(-points // POINTS_A_PIECE)


def publish_curve(runs: RunStore, run_id: str, timestamp: Ints, equity: Floats, benchmark: Floats) -> None:
    """Publish the whole curve of a run. Idempotent."""
    publish(runs, run_id, LiveCurve(len(timestamp)).add(timestamp, equity, benchmark))


def publish(runs: RunStore, run_id: str, pieces: Iterable[Partial]) -> None:
    """Publish `pieces` of a run's curve. Idempotent."""
    for piece in pieces:
        runs.publish(run_id, piece, once=f"partial {piece.piece}")
