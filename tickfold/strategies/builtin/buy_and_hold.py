"""Buy and hold: long from the second bar on."""

from typing import ClassVar

import numpy as np

from tickfold.engine.bars import Bars
from tickfold.engine.signals import HOLD, LONG, Signals
from tickfold.strategies.strategy import Strategy


class BuyAndHold(Strategy):
    """Signal long at every bar but the first; all but the first such signal change nothing.

    Waiting for the second bar is what backtesting.py does, so the two agree to the cent.
    """

    name: ClassVar[str] = "buy_and_hold"

    @property
    def lookback(self) -> int:
        return 1

    def signals(self, bars: Bars) -> Signals:
        signals = np.full(len(bars), LONG, dtype=np.int8)
        signals[:1] = HOLD
        return signals
