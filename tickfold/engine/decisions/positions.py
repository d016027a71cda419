"""Positions: what the orders of a run open and close, at market prices and without quantities."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from tickfold.engine.arrays import NONE, ArrayRecord, Flags, Floats, Ints, Sides


@dataclass(frozen=True, eq=False)
class Positions(ArrayRecord):
    """Positions in the order of the signal events that led to them.

    `event` numbers those. Prices are market prices in dollars, before spread and slippage. `entry_bar` is `NONE` where
    the order has not been filled, `exit_bar` where the position has not been closed, within the bars that are known.
    `reason` numbers `tickfold.engine.decisions.exits.REASONS`. An expired order has a `reason` and an `exit_bar` too:
    the bar at whose close it expired.
    """

    event: Ints
    side: Sides
    entry_bar: Ints
    entry_price: Floats
    exit_bar: Ints
    exit_price: Floats
    reason: Sides

    @property
    def known(self) -> Flags:
        """Whether the position, or its order, has ended within the bars that are known."""
        ended: Flags = self.exit_bar != NONE
        return ended

    def later(self, bars: int) -> Self:
        """Return these positions with their bars counted from `bars` bars earlier."""
        entry_bar = np.where(self.entry_bar == NONE, NONE, self.entry_bar + bars)
        exit_bar = np.where(self.exit_bar == NONE, NONE, self.exit_bar + bars)
        return replace(self, entry_bar=entry_bar, exit_bar=exit_bar)


def merge(parts: Sequence[Positions]) -> Positions:
    """Return the positions of all `parts` in the order of their events."""
    if len(parts) == 1:
        return parts[0]
    joined = Positions.concatenate(parts)
    if (joined.event[1:] >= joined.event[:-1]).all():  # as the parts of adjacent chunks are
        return joined
    return joined[np.argsort(joined.event, kind="stable")]  # stable sorts merge sorted runs quickly
