"""Drawdowns: the intervals with equity below an earlier peak, found in a pass over blocks of bars.

A drawdown lasts from its peak, the start capital or a bar's equity, to the bar that reaches the peak again, or to the
run's last bar. Depths are negative fractions.
"""

from dataclasses import dataclass, field
from math import ceil, inf, nan

import numpy as np

from tickfold.engine.arrays import Floats, Ints
from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.engine.lanes import Lanes

_CLOCK = (MICROSECONDS_PER_DAY, 3_600_000_000, 60_000_000, 1_000_000, 1)
"""A day, an hour, a minute, a second and a microsecond, in microseconds."""
_STRETCH = 1_024


@dataclass(frozen=True)
class DrawdownFigures:
    """Depths are negative fractions, durations days; NaN without a drawdown."""

    largest: float
    average: float
    longest: float
    average_duration: float


@dataclass
class Drawdowns:
    """What is known of the drawdowns after `bars` bars.

    Attributes:
        peak: highest of the start capital and equity, in dollars.
        peak_bar: its latest bar; −1 for the start capital.
        peak_time: microseconds since 1970 UTC; that of the first bar for the start capital.
        lowest: dollars, since the peak.
        time: of the last bar.
        depths: the sum and the number of the drawdowns that have ended.
        deepest: of them.
        longest: of them, in microseconds.
        total_duration: of them, in microseconds.
    """

    peak: float
    bars: int = 0
    peak_bar: int = -1
    peak_time: int = 0
    lowest: float = inf
    time: int = 0
    depths: Lanes = field(default_factory=Lanes)
    deepest: float = 0.0
    longest: int = 0
    total_duration: int = 0

    def update(self, timestamp: Ints, equity: Floats, highest: float, lowest: float) -> None:
        """Pass over a block of bars; `highest` and `lowest` are those of its `equity`."""
        if not self.bars:
            self.peak_time = int(timestamp[0])
        if highest < self.peak:
            self.lowest = min(self.lowest, lowest)
        else:
            self._end(timestamp, equity)
        self.bars += len(equity)
        self.time = int(timestamp[-1])

    def _end(self, timestamp: Ints, equity: Floats) -> None:
        """Pass over a block in which equity reaches the peak: drawdowns end."""
        peaks = _peaks(equity, self.peak)
        first, last = int(peaks[0]), int(peaks[-1])
        if first + self.bars - self.peak_bar > 1:
            lowest = min(self.lowest, float(equity[:first].min(initial=inf)))
            depth = np.array([lowest / self.peak - 1])
            self._count(depth, timestamp[first : first + 1] - self.peak_time)
        below = np.flatnonzero(np.diff(peaks) > 1)
        if len(below):
            start, stop = peaks[below], peaks[below + 1]
            lowest_of_each = np.minimum.reduceat(equity[: stop[-1] + 1], start)  # up to the next start all are peaks
            self._count(lowest_of_each / equity[start] - 1, timestamp[stop] - timestamp[start])
        self.peak, self.peak_bar, self.peak_time = float(equity[last]), self.bars + last, int(timestamp[last])
        self.lowest = float(equity[last:].min())

    def _count(self, depth: Floats, duration: Ints) -> None:
        self.depths.add(depth)
        self.deepest = min(self.deepest, float(depth.min()))
        self.longest = max(self.longest, int(duration.max()))
        self.total_duration += int(duration.sum())

    def figures(self, step: float) -> DrawdownFigures:
        """Return the figures of a run that ends here, whose bars are `step` microseconds apart.

        Durations are rounded up to whole days, hours or minutes, the largest of these that divides `step`.
        """
        depth, duration = self.lowest / self.peak - 1, self.time - self.peak_time
        largest = min(self.deepest, depth)
        count, depths, longest, total = self.depths.count, self.depths.total(), self.longest, self.total_duration
        if self.bars - 1 - self.peak_bar > 1:  # the last drawdown has not ended
            count, depths, longest, total = count + 1, depths + depth, max(longest, duration), total + duration
        if not count:
            return DrawdownFigures(largest, nan, nan, nan)
        unit = next((unit for unit in _CLOCK if step % unit == 0), 1)
        return DrawdownFigures(
            largest=largest,
            average=depths / count,
            longest=-(-longest // unit) * unit / MICROSECONDS_PER_DAY,
            average_duration=ceil(total / count / unit) * unit / MICROSECONDS_PER_DAY,
        )


def _peaks(equity: Floats, peak: float) -> Ints:
    """Return the bars at which equity is at its running maximum, and at `peak` or above.

    The maximum of each stretch, which is faster than a running maximum, leaves few candidates.
    """
    highest = np.maximum.reduceat(equity, np.arange(0, len(equity), _STRETCH))
    before = np.maximum.accumulate(np.append(peak, highest[:-1]))
    bar = np.flatnonzero(equity >= np.repeat(before, _STRETCH)[: len(equity)])
    candidate = equity[bar]
    peaks: Ints = bar[candidate == np.maximum.accumulate(candidate)]
    return peaks
