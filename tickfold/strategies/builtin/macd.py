"""MACD: long when the MACD line crosses above its signal line, short when it crosses below."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from tickfold.engine.bars import Bars
from tickfold.engine.indicators import crosses, macd, macd_lookback
from tickfold.engine.signals import Signals
from tickfold.strategies.strategy import Strategy


class Macd(Strategy):
    """Compare the line EMA(`fast`) − EMA(`slow`) of the closes with its own EMA(`signal`).

    Source: Gerald Appel, "Technical Analysis: Power Tools for Active Investors" (2005), whose spans are the defaults.
    """

    name: ClassVar[str] = "macd"

    fast: Annotated[int, Field(ge=1, le=1_000, description="Bars in the fast average's span.")] = 12
    slow: Annotated[int, Field(ge=2, le=1_000, description="Bars in the slow average's span.")] = 26
    signal: Annotated[int, Field(ge=2, le=1_000, description="Bars in the signal line's span.")] = 9

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be less than slow ({self.slow})")
        return self

    @property
    def lookback(self) -> int:
        return macd_lookback(self.slow, self.signal) + 1  # the lines of the bar before

    def signals(self, bars: Bars) -> Signals:
        return crosses(*macd(bars.close_ticks, self.fast, self.slow, self.signal))
