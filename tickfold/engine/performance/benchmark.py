"""Buy and hold, the benchmark of every run: all of the capital at the close that ends the strategy's warm-up."""

import numpy as np

from tickfold.engine.arrays import Floats


def bought_at(bars: int, lookback: int) -> int:
    """Return the bar, of `bars`, at whose close the benchmark is bought: the last that warms `lookback` bars up."""
    return min(max(lookback - 1, 0), bars - 1)


def buy_and_hold(close: Floats, capital: float, lookback: int) -> Floats:
    """Return what `capital` dollars are worth at each close, NaN before they are invested."""
    bought = bought_at(len(close), lookback)
    worth: Floats = capital * (close / close[bought])
    worth[:bought] = np.nan
    return worth
