"""Bollinger reversion: against a close outside the bands, until the price is back at its mean."""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tickfold.engine.bars import Bars
from tickfold.engine.indicators import bollinger_bands, reaches
from tickfold.engine.signals import FLAT, HOLD, LONG, SHORT, Signals
from tickfold.strategies.strategy import Strategy


class BollingerReversion(Strategy):
    """Go long below mean − `deviations` · σ and short above mean + `deviations` · σ; leave at the mean.

    Mean and σ, the population standard deviation, are those of the last `window` closes. Source: John Bollinger,
    "Bollinger on Bollinger Bands" (2001).
    """

    name: ClassVar[str] = "bollinger_reversion"

    window: Annotated[int, Field(ge=2, le=10_000, description="Bars in mean and deviation.")] = 20
    deviations: Annotated[float, Field(gt=0, le=10, description="Standard deviations from mean to band.")] = 2.0

    @property
    def lookback(self) -> int:
        return self.window  # the mean of the bar before

    def signals(self, bars: Bars) -> Signals:
        ticks = bars.close_ticks
        lower, mean, upper = bollinger_bands(ticks, self.window, self.deviations)
        signals = np.full(len(bars), HOLD, dtype=np.int8)
        signals[reaches(ticks, mean)] = FLAT
        signals[ticks < lower] = LONG
        signals[ticks > upper] = SHORT
        return signals
