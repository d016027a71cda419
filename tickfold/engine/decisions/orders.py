"""Orders: how a run enters and leaves its strategy's target positions. docs/explanation/orders.md has the rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from tickfold.engine.arrays import Flags, Sides
from tickfold.engine.decisions.entries import MARKET_ENTRY, NEXT_OPEN, SAME_CLOSE, Entry, MarketFill
from tickfold.engine.decisions.exits import SIGNAL, Exit, StopExit, TargetExit, TimedExit
from tickfold.engine.decisions.terms import Direction, Fill

MARKET_FILLS: Final[Mapping[Fill, MarketFill]] = {"open": NEXT_OPEN, "close": SAME_CLOSE}


@dataclass(frozen=True)
class Orders:
    """The orders of a run.

    `direction` is the side that may be held. `fill` is where market orders fill: a `MarketEntry`, and exits by
    a signal or a `TimedExit`. `entry` opens a position, and the first of `exits`, or a changed target, closes it.
    """

    direction: Direction = "both"
    fill: MarketFill = NEXT_OPEN
    entry: Entry = MARKET_ENTRY
    exits: tuple[Exit, ...] = ()

    @cached_property
    def stops(self) -> list[StopExit]:
        return [each for each in self.exits if isinstance(each, StopExit)]

    @cached_property
    def targets(self) -> list[TargetExit]:
        return [each for each in self.exits if isinstance(each, TargetExit)]

    @cached_property
    def timed(self) -> list[TimedExit]:
        return [each for each in self.exits if isinstance(each, TimedExit)]

    @property
    def fixed_levels(self) -> bool:
        """Whether no stop or target moves while a position is held."""
        return all(each.fixed for each in (*self.stops, *self.targets))

    @property
    def one_position_per_target(self) -> bool:
        """Whether each target is one position, held until the target changes."""
        return not self.entry.rests and not self.exits

    def timed_out(self, reason: Sides) -> Flags:
        """Return which positions, given their exit reasons, a `TimedExit` closed."""
        return _is_any(reason, self.timed)

    def closed_at_market(self, reason: Sides) -> Flags:
        """Return which positions a market order closed that was decided at a bar's close."""
        signalled: Flags = reason == SIGNAL
        return signalled | self.timed_out(reason)

    def closed_at_limit(self, reason: Sides) -> Flags:
        """Return which positions a limit order closed."""
        return _is_any(reason, self.targets)


def _is_any(reason: Sides, exits: Sequence[Exit]) -> Flags:
    found = np.zeros(len(reason), dtype=np.bool_)
    for each in exits:
        found |= reason == each.reason
    return found
