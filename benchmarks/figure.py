"""A figure: what one case came to, and whether that meets its goal."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """What was measured, `ours` and the `peer`'s, in `unit`.

    With `better` "times" the ratio says how many times less ours is, and the goal is the least it should be; with
    "share" it says how much ours is of the peer's, and the goal is the most it may be.
    """

    case: str
    ours: float
    peer: float
    unit: str
    better: Literal["times", "share"]
    goal: float

    @property
    def ratio(self) -> float:
        return self.peer / self.ours if self.better == "times" else self.ours / self.peer

    @property
    def met(self) -> bool:
        return self.ratio >= self.goal if self.better == "times" else self.ratio <= self.goal

    def as_dict(self) -> dict[str, str | float | bool]:
        """Return what `latest.json` says of it; the goal as a bound on the ratio."""
        bound = f"{'>=' if self.better == 'times' else '<='} {self.goal:g}"
        return {
            "case": self.case,
            "ours": self.ours,
            "peer": self.peer,
            "ratio": self.ratio,
            "goal": bound,
            "unit": self.unit,
            "met": self.met,
        }
