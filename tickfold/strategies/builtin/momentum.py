"""Momentum: long after the price has risen over a number of bars, short after it has fallen."""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tickfold.engine.bars import Bars
from tickfold.engine.indicators import rate_of_change
from tickfold.engine.signals import HOLD, LONG, SHORT, Signals
from tickfold.strategies.strategy import Strategy


class Momentum(Strategy):
    """Be long where close[i] / close[i − `period`] − 1 is above `threshold`, short where it is below −`threshold`.

    Between the two, what is held stays. Source: Moskowitz, Ooi and Pedersen, "Time Series Momentum" (2012); half a
    year of daily bars is the default.
    """

    name: ClassVar[str] = "momentum"

    period: Annotated[int, Field(ge=1, le=10_000, description="Bars over which the change is measured.")] = 126
    threshold: Annotated[float, Field(ge=0, le=10, description="Change that counts, as a fraction.")] = 0.0

    @property
    def lookback(self) -> int:
        return self.period

    def signals(self, bars: Bars) -> Signals:
        change = rate_of_change(bars.close_ticks, self.period)
        signals = np.full(len(bars), HOLD, dtype=np.int8)
        signals[change > self.threshold] = LONG
        signals[change < -self.threshold] = SHORT
        return signals
