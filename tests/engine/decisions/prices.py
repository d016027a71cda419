"""Bars written out by hand: a row of open, high, low and close each."""

import numpy as np

from tickfold.engine.bars import Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY

Row = tuple[float, float, float, float]


def daily(*rows: Row) -> Bars:
    open_, high, low, close = np.array(rows, dtype=np.float64).T
    return Bars(np.arange(len(rows)) * MICROSECONDS_PER_DAY, open_, high, low, close, np.ones(len(rows)))


def mirrored(bars: Bars, around: float) -> Bars:
    """Return `bars` upside down: what rises falls, so a short does what a long does."""
    open_, high, low, close = (2 * around - price for price in (bars.open, bars.low, bars.high, bars.close))
    return Bars(bars.timestamp, open_, high, low, close, bars.volume)
