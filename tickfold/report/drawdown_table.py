"""The deepest drawdowns, each with its peak, trough and recovery."""

from dataclasses import dataclass

import numpy as np

from tickfold.engine.arrays import Floats, Ints
from tickfold.engine.bars import MICROSECONDS_PER_DAY


@dataclass(frozen=True)
class Drawdown:
    """A stretch below an earlier peak. Times are microseconds since 1970 UTC, `depth` is a negative fraction.

    `recovery` is the bar that reached the peak again, None where none has; `days` runs from the peak to it, or to
    the last bar.
    """

    peak: int
    trough: int
    recovery: int | None
    depth: float
    days: float


def underwater(equity: Floats, capital: float) -> Floats:
    """Return each bar's distance from the highest of `capital` and the equity so far, as a fraction: 0, or negative."""
    drawdown: Floats = equity / np.maximum(np.maximum.accumulate(equity), capital) - 1
    return drawdown


def deepest_drawdowns(timestamp: Ints, equity: Floats, capital: float, most: int = 10) -> list[Drawdown]:
    """Return the `most` deepest drawdowns, deepest first; of equally deep ones the earlier first.

    A drawdown below the start capital at the first bar has its peak there.
    """
    depth = underwater(equity, capital)
    below = np.concatenate([[False], depth < 0, [False]])
    first, after = np.flatnonzero(below[1:] & ~below[:-1]), np.flatnonzero(below[:-1] & ~below[1:])
    if not len(first):
        return []
    lowest = np.array([depth[a:b].min() for a, b in zip(first.tolist(), after.tolist(), strict=True)])
    found = []
    for at in np.argsort(lowest, kind="stable")[:most].tolist():
        start, stop = int(first[at]), int(after[at])
        recovered = stop < len(depth)
        peak, end = int(timestamp[max(start - 1, 0)]), int(timestamp[min(stop, len(depth) - 1)])
        trough = int(timestamp[start + int(depth[start:stop].argmin())])
        days = (end - peak) / MICROSECONDS_PER_DAY
        found.append(Drawdown(peak, trough, end if recovered else None, float(lowest[at]), days))
    return found
