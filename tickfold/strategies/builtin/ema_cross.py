"""EMA cross: long when the fast exponential moving average crosses above the slow one, short when it crosses below."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from tickfold.engine.bars import Bars
from tickfold.engine.indicators import crosses, ema, ema_lookback, piecewise
from tickfold.engine.signals import Signals
from tickfold.strategies.strategy import Strategy


class EmaCross(Strategy):
    """Compare EMA[i] = α · close[i] + (1 − α) · EMA[i − 1], α = 2 / (n + 1), for n = `fast` and n = `slow`.

    Averages of ticks, each built on changes of price: where the price has stood still, they are equal.
    """

    name: ClassVar[str] = "ema_cross"

    fast: Annotated[int, Field(ge=1, le=1_000, description="Bars in the fast average's span.")] = 12
    slow: Annotated[int, Field(ge=2, le=1_000, description="Bars in the slow average's span.")] = 26

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be less than slow ({self.slow})")
        return self

    @property
    def lookback(self) -> int:
        return ema_lookback(self.slow) + 1  # the averages of the bar before

    def signals(self, bars: Bars) -> Signals:
        return piecewise(bars, self.lookback, self._crosses)

    def _crosses(self, bars: Bars) -> Signals:
        ticks = bars.close_ticks
        return crosses(ema(ticks, self.fast), ema(ticks, self.slow))
