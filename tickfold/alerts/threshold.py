"""A threshold with hysteresis: once it has been reached, it can be reached again only after the value has gone back."""

from dataclasses import dataclass
from math import inf
from typing import Self


@dataclass(frozen=True)
class Reading:
    """A number as it was in the time of an observation: its highest, its lowest, and its last."""

    high: float
    low: float
    last: float

    @classmethod
    def of(cls, value: float) -> Self:
        """Return a reading of one number."""
        return cls(value, value, value)


@dataclass(frozen=True)
class Threshold:
    """A level that is reached by rising to it, or by falling. `hysteresis` is in the level's own unit.

    A reading reaches the level by its extreme, so that one which jumps over it, or touches it within its minute,
    counts. It re-arms by the same extreme, so that the whole minute has been back: a level that the highs of several
    minutes touch, while they close on its other side, is reached once.
    """

    level: float
    hysteresis: float = 0.0
    falling: bool = False

    @classmethod
    def events(cls) -> Self:
        """Return the threshold of events, each of which is a reading of +∞: it is reached by all, and always armed."""
        return cls(-inf, -inf)

    def is_reached(self, reading: Reading) -> bool:
        """Return whether the level was reached."""
        return reading.low <= self.level if self.falling else reading.high >= self.level

    def rearms(self, reading: Reading) -> bool:
        """Return whether all of the reading is back by the hysteresis, or merely on the level's other side for 0."""
        if self == Threshold.events():
            return True
        if self.is_reached(reading):
            return False
        back = self.hysteresis
        return reading.low >= self.level + back if self.falling else reading.high <= self.level - back
