"""SMA cross: long when the fast simple moving average crosses above the slow one, short when it crosses below."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from tickfold.engine.arrays import Floats
from tickfold.engine.bars import Bars
from tickfold.engine.indicators import crosses, piecewise, rolling_sum
from tickfold.engine.signals import Signals
from tickfold.strategies.strategy import Strategy

_SUMS_KEPT = 32
"""Sums that many sets have in common; each takes 8 bytes a bar."""


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
        return piecewise(bars, self.lookback, lambda piece: self._crosses(partial(rolling_sum, piece.close_ticks)))

    @classmethod
    def signals_of_all(cls, strategies: Sequence[Self], bars: Bars) -> Iterator[Signals]:
        sum_of = lru_cache(_SUMS_KEPT)(partial(rolling_sum, bars.close_ticks))
        return (strategy._crosses(sum_of) for strategy in strategies)

    def _crosses(self, sum_of: Callable[[int], Floats]) -> Signals:
        return crosses(sum_of(self.fast) * self.slow, sum_of(self.slow) * self.fast)
