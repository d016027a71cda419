"""The benchmark: buy and hold, with all of the capital, from the run's first close, whatever the strategy."""

from tickfold.engine.arrays import Floats


def buy_and_hold(close: Floats, capital: float, first: float | None = None) -> Floats:
    """Return the value at each close of `capital` dollars invested at the price `first`, or at the first close."""
    worth: Floats = capital * (close / (close[0] if first is None else first))
    return worth
