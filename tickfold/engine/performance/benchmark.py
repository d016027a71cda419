"""The benchmark: buy and hold, with all of the capital, from the close that ends the strategy's warm-up."""

import numpy as np

from tickfold.engine.arrays import Floats


def bought_at(bars: int, lookback: int) -> int:
    """Return the bar at whose close the benchmark is bought: the last of `lookback` bars of warm-up."""
    return min(max(lookback - 1, 0), bars - 1)


def buy_and_hold(close: Floats, capital: float, lookback: int) -> Floats:
    """Return the value of `capital` dollars at each close, shape (bars,); NaN before they are invested."""
    bought = bought_at(len(close), lookback)
    worth: Floats = capital * (close / close[bought])
    worth[:bought] = np.nan
    return worth
