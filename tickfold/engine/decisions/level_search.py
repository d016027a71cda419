"""The level search: the first bar of each position that leaves a fixed range of prices, in one pass over the bars.

A scan visits windows of the bars of each position, as exits whose levels move need. Where the levels of positions are
fixed, and the positions follow one another, one comparison of all bars with the levels of their positions does.
"""

from typing import Final

import numpy as np

from tickfold.engine.arrays import NONE, Floats, Ints
from tickfold.engine.bars import Bars

REACH: Final = 64
"""Bars of each position to visit in turn. Where one target opens many positions, each ends long before its target."""
_SPARSE = 4
"""Bars of the span for each bar of the ranges. Scanning takes several times as long a bar, but skips those between."""


def in_turn(start: Ints, stop: Ints) -> bool:
    """Return whether the ranges from `start` to `stop`, exclusive, follow one another, and cover enough of their span.

    None may be empty.
    """
    if not len(start) or (start[1:] < stop[:-1]).any():
        return False
    return bool(stop[-1] - start[0] <= _SPARSE * (stop - start).sum())


def first_outside(bars: Bars, below: Floats, above: Floats, start: Ints, stop: Ints) -> Ints:
    """Return the first bar of each range whose low is at or under `below`, or its high at or over `above`; else `NONE`.

    The ranges, from `start` to `stop`, exclusive, must be `in_turn`. The bars up to the next range are compared with
    the same levels, which is harmless: a range that reaches neither finds a bar after its end.
    """
    lasts = np.diff(start, append=stop[-1])
    span = slice(start[0], stop[-1])
    outside = bars.low[span] <= np.repeat(below, lasts)
    outside |= bars.high[span] >= np.repeat(above, lasts)
    bar = np.append(np.flatnonzero(outside) + start[0], len(bars))
    first = bar[np.searchsorted(bar, start)]
    return np.where(first < stop, first, NONE)
