"""Bars: open, high, low, close and volume over time, as parallel numpy arrays."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MICROSECONDS_PER_DAY = 86_400_000_000
_MOST_DECIMALS = 8


@dataclass(frozen=True, eq=False)
class Bars:
    """A stretch of bars in time order.

    `timestamp` is in microseconds since 1970 UTC (the bar's opening), prices are in dollars, `volume` in shares.
    `decimals` says that every price of the series is a multiple of 10 ** -decimals, where it is known: it lets
    averages be computed on integers, so that two averages that are equal are found equal.
    """

    timestamp: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    decimals: int | None = None

    def __len__(self) -> int:
        return len(self.timestamp)

    def __getitem__(self, part: slice) -> "Bars":
        return Bars(**{name: getattr(self, name)[part] for name in COLUMNS}, decimals=self.decimals)

    @cached_property
    def log_returns(self) -> Floats:
        """The logarithm of each close over the one before it: one fewer than bars. All runs of a sweep share them."""
        return np.diff(np.log(self.close))

    @property
    def close_ticks(self) -> Floats:
        """The closes as whole numbers of ticks (held as float64), or in dollars where no tick size is known."""
        return self.close if self.decimals is None else np.rint(self.close * 10.0**self.decimals)


COLUMNS = tuple(field.name for field in fields(Bars) if field.name != "decimals")


def join(pieces: Iterable[Bars], decimals: int | None = None) -> Bars:
    """Put `pieces` one behind the other; `decimals` is the whole's."""
    parts = list(pieces)
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS}
    return Bars(**arrays, decimals=decimals)


def decimals_of(prices: Floats) -> int | None:
    """Return the smallest number of decimals (8 at most) that writes every price exactly, or None."""
    for decimals in range(_MOST_DECIMALS + 1):
        scale = 10.0**decimals
        if np.array_equal(np.rint(prices * scale) / scale, prices):
            return decimals
    return None


def with_decimals(bars: Bars) -> Bars:
    """Return `bars` with the decimals of their own prices, as a series has them once it is loaded."""
    return replace(bars, decimals=decimals_of(np.concatenate([bars.open, bars.high, bars.low, bars.close])))
