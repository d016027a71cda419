"""What a strategy is: typed, bounded parameters, a lookback, and signals as a pure function of bars."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict

from tickfold.engine.bars import Bars
from tickfold.engine.signals import Signals


class Strategy(BaseModel, ABC):
    """A strategy with its parameters, which are the model's fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: ClassVar[str]
    """The name under which a run asks for it."""

    @property
    @abstractmethod
    def lookback(self) -> int:
        """How many bars before a bar its signal depends on."""

    @abstractmethod
    def signals(self, bars: Bars) -> Signals:
        """Return HOLD, LONG, SHORT or FLAT (see tickfold.engine.signals) for each bar, known at the bar's close.

        The signal at a bar may depend on that bar and the `lookback` bars before it, and on nothing else: not on
        later bars, nor on where the array begins.
        """

    @classmethod
    def signals_of_all(cls, strategies: Sequence[Self], bars: Bars) -> Iterator[Signals]:
        """Yield the signals of each of `strategies`, which differ in their parameters only.

        A strategy whose sets have work in common may do it once here, instead of once for each set.
        """
        return (strategy.signals(bars) for strategy in strategies)
