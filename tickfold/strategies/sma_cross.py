"""SMA cross: long when the fast simple moving average crosses above the slow one, short when it crosses below."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from tickfold.engine.bars import Bars
from tickfold.engine.signal import Signals
from tickfold.indicators import crosses, rolling_sum
from tickfold.strategies.strategy import Strategy


class SmaCross(Strategy):
    """Compare SMA(n) = (close[i] + … + close[i − n + 1]) / n for n = `fast` and n = `slow`.

    The averages are compared as sums of ticks, each times the other's length: no division, so equal averages are
    equal.
    """

    name: ClassVar[str] = "sma_cross"

    fast: Annotated[int, Field(ge=1, le=10_000, description="Bars in the fast average.")] = 10
    slow: Annotated[int, Field(ge=2, le=10_000, description="Bars in the slow average.")] = 30

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be less than slow ({self.slow})")
        return self

    @property
    def lookback(self) -> int:
        return self.slow  # the slow average of the bar before

    def signals(self, bars: Bars) -> Signals:
        ticks = bars.close_ticks
        return crosses(rolling_sum(ticks, self.fast) * self.slow, rolling_sum(ticks, self.slow) * self.fast)
