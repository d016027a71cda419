"""The base class of strategies: typed, bounded parameters, a lookback, and signals as a pure function of bars."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict

from tickfold.engine.bars import Bars
from tickfold.engine.signals import Signals


class Strategy(BaseModel, ABC):
    """A strategy; its parameters are the model's fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: ClassVar[str]
    """The name by which runs select it."""
    uses_volume: ClassVar[bool] = False
    """Whether its signals depend on volume: a run without trades then says if there was none."""

    @property
    @abstractmethod
    def lookback(self) -> int:
        """The number of bars before a bar that its signal depends on."""

    @abstractmethod
    def signals(self, bars: Bars) -> Signals:
        """Return HOLD, LONG, SHORT or FLAT (see tickfold.engine.signals) at each bar's close, shape (bars,), int8.

        The signal of a bar may depend on that bar and the `lookback` bars before it only: not on later bars, nor on
        where the array starts.
        """

    @classmethod
    def signals_of_all(cls, strategies: Sequence[Self], bars: Bars) -> Iterator[Signals]:
        """Yield the signals of each of `strategies`, which differ in their parameters only.

        Override it to share work between parameter sets.
        """
        return (strategy.signals(bars) for strategy in strategies)
