"""Indicators: pure functions of a finite window of bars, so that any cut of the range computes the same numbers.

Each says how many bars it looks back. Where the window is not full the value is NaN.
"""

import numpy as np

from tickfold.engine.bars import Floats
from tickfold.engine.signal import HOLD, LONG, SHORT, Signals


def rolling_sum(values: Floats, window: int) -> Floats:
    """Return the sum of the last `window` values at each bar; looks back `window` − 1 bars.

    Sums of 2, 4, 8 … values are built by doubling, and those that make up `window` are added. So each sum adds its
    own values, always in the same order: it is the same to the last bit wherever the array begins, which a running
    sum is not.
    """
    if len(values) < window:
        return np.full(len(values), np.nan)
    total = np.zeros(len(values))
    block, width, offset = values, 1, 0
    while True:
        if window & width:
            total[offset:] += block[: len(block) - offset]
            total[:offset] = np.nan
            offset += width
        if 2 * width > window:
            return total
        doubled = np.full(len(values), np.nan)
        doubled[width:] = block[width:] + block[:-width]
        block, width = doubled, 2 * width


def crosses(first: Floats, second: Floats) -> Signals:
    """Return LONG where `first` crosses above `second`, SHORT where it crosses below; looks back one bar more.

    A cross is strictly on one side at the bar before and strictly on the other at the bar: passing through a tie is
    no cross.
    """
    above, below = first > second, first < second
    signals = np.full(len(first), HOLD, dtype=np.int8)
    signals[1:][above[1:] & below[:-1]] = LONG
    signals[1:][below[1:] & above[:-1]] = SHORT
    return signals
