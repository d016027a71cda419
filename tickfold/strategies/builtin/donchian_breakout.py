"""Donchian breakout: long when the close leaves the channel of the bars before upwards, short when downwards."""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tickfold.engine.bars import Bars
from tickfold.engine.indicators import donchian_channel, lag, piecewise
from tickfold.engine.signals import HOLD, LONG, SHORT, Signals
from tickfold.strategies.strategy import Strategy


class DonchianBreakout(Strategy):
    """Go long above the highest high of the `window` bars before, short below their lowest low.

    Richard Donchian's rule of four weeks, which is what the default is in daily bars. It is always in the market,
    unless the run's direction is long or short: then it leaves where it would reverse.
    """

    name: ClassVar[str] = "donchian_breakout"

    window: Annotated[int, Field(ge=1, le=10_000, description="Bars in the channel.")] = 20

    @property
    def lookback(self) -> int:
        return self.window

    def signals(self, bars: Bars) -> Signals:
        return piecewise(bars, self.lookback, self._breakouts)

    def _breakouts(self, bars: Bars) -> Signals:
        lowest, highest = (lag(side, 1) for side in donchian_channel(bars, self.window))
        signals = np.full(len(bars), HOLD, dtype=np.int8)
        signals[bars.close > highest] = LONG
        signals[bars.close < lowest] = SHORT
        return signals
