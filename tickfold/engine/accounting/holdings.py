"""Holdings: cash and shares over a run's bars, which change at fills alone."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from tickfold.engine.arrays import ArrayRecord, Floats, Ints


@dataclass(frozen=True, eq=False)
class Holdings(ArrayRecord):
    """Cash and shares after each fill, in order. The first row, at bar 0, has those before any fill.

    Attributes:
        bar: the bar of the fill, from whose close on they hold.
        cash: dollars.
        shares: negative when short.
    """

    bar: Ints
    cash: Floats
    shares: Floats

    def at_closes(self, bars: int) -> tuple[Floats, Floats]:
        """Return cash and shares at each of `bars` closes, each of shape (bars,)."""
        lasts = np.diff(self.bar, append=bars)  # closes between one fill and the next
        return np.repeat(self.cash, lasts), np.repeat(self.shares, lasts)

    def later(self, bars: int) -> Self:
        """Return these holdings with their bars counted from `bars` bars earlier."""
        return replace(self, bar=self.bar + bars)
