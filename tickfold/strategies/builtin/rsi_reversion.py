"""RSI reversion: long from oversold, short from overbought, each until the index is back at the exit level."""

from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from tickfold.engine.bars import Bars
from tickfold.engine.indicators import reaches, rsi, wilder_lookback
from tickfold.engine.signals import FLAT, HOLD, LONG, SHORT, Signals
from tickfold.strategies.strategy import Strategy


class RsiReversion(Strategy):
    """Go long where RSI(`period`) is below `lower` and short where it is above `upper`; leave at `exit_level`.

    A long is left where the index comes up to `exit_level`, a short where it comes down to it; between entry and exit
    nothing changes, so an index that hovers around a threshold does not trade. With `exit_level` = `upper` a long
    is held until the market is overbought. Source: J. Welles Wilder, "New Concepts in Technical Trading Systems"
    (1978), for the index and for 30 and 70.
    """

    name: ClassVar[str] = "rsi_reversion"

    period: Annotated[int, Field(ge=2, le=1_000, description="Bars of Wilder's smoothing.")] = 14
    lower: Annotated[float, Field(gt=0, lt=100, description="Oversold: go long below this.")] = 30.0
    upper: Annotated[float, Field(gt=0, lt=100, description="Overbought: go short above this.")] = 70.0
    exit_level: Annotated[float, Field(gt=0, lt=100, description="Leave where the index comes back to this.")] = 50.0

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.lower <= self.exit_level <= self.upper or self.lower == self.upper:
            given = f"lower ({self.lower:g}), exit_level ({self.exit_level:g}) and upper ({self.upper:g})"
            raise ValueError(f"{given} must be in this order, and lower less than upper")
        return self

    @property
    def lookback(self) -> int:
        return wilder_lookback(self.period) + 1  # the index of the bar before

    def signals(self, bars: Bars) -> Signals:
        index = rsi(bars.close_ticks, self.period)
        signals = np.full(len(bars), HOLD, dtype=np.int8)
        signals[reaches(index, np.full(len(bars), self.exit_level))] = FLAT
        signals[index < self.lower] = LONG
        signals[index > self.upper] = SHORT
        return signals
