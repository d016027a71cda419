"""Signal events: the bars at which a strategy signals, and the target positions that successive signals make."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from tickfold.engine.arrays import ArrayRecord, Ints, Sides
from tickfold.engine.decisions.terms import Direction
from tickfold.engine.signals import FLAT, HOLD, SHORT, Signals

NEVER = np.iinfo(np.int64).max // 2
"""A bar after every run's last."""


@dataclass(frozen=True, eq=False)
class SignalEvents(ArrayRecord):
    """The bars whose signal is not HOLD, in order, and the target side that each signals: 1 long, 0 flat, −1 short.

    Successive events with the same side are one target position. Each property has one element per event, except
    `target_starts`, which has one per target.
    """

    bar: Ints
    side: Sides

    def signals(self, bars: int) -> Signals:
        """Return the signals that give these events over so many bars, shape (bars,)."""
        signals = np.full(bars, HOLD, dtype=np.int8)
        signals[self.bar] = np.where(self.side == 0, FLAT, self.side)
        return signals

    @cached_property
    def target_starts(self) -> Ints:
        """The events at which the target position changes."""
        starts = np.ones(len(self), dtype=np.bool_)
        np.not_equal(self.side[1:], self.side[:-1], out=starts[1:])
        return np.flatnonzero(starts)

    @cached_property
    def target_start(self) -> Ints:
        """The first event of the event's target."""
        return self._per_event(self.target_starts)

    @cached_property
    def target_stop(self) -> Ints:
        """The first event of the next target; the number of events where there is none."""
        return self._per_event(self._target_stops)

    @cached_property
    def target_until(self) -> Ints:
        """The bar at whose close the target changes; `NEVER` where it does not."""
        until = np.full(len(self.target_starts), NEVER)
        until[:-1] = self.bar[self.target_starts[1:]]
        return self._per_event(until)

    @cached_property
    def _target_stops(self) -> Ints:
        stops = np.full(len(self.target_starts), len(self))
        stops[:-1] = self.target_starts[1:]
        return stops

    def _per_event(self, per_target: Ints) -> Ints:
        """Return the values of targets at each of their events."""
        if len(per_target) == len(self):
            return per_target
        return np.repeat(per_target, self._target_stops - self.target_starts)

    def later(self, bars: int) -> Self:
        """Return these events with their bars counted from `bars` bars earlier."""
        return replace(self, bar=self.bar + bars)


def signal_events(signals: Signals, direction: Direction) -> SignalEvents:
    """Return the events of `signals`, shape (bars,); a side that `direction` does not allow becomes flat.

    Raises:
        ValueError: a value other than HOLD, LONG, SHORT and FLAT.
    """
    if len(signals) and not SHORT <= signals.min() <= signals.max() <= FLAT:  # HOLD and LONG lie between these
        raise ValueError("a strategy's signals must be HOLD, LONG, SHORT or FLAT at every bar")
    bar = np.flatnonzero(signals != HOLD)
    side = signals[bar]
    side[side == FLAT] = 0
    if direction == "long":
        side = np.maximum(side, 0)
    elif direction == "short":
        side = np.minimum(side, 0)
    return SignalEvents(bar, side)
