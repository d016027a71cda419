"""A figure: the result of one case, and whether it meets its goal."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """A measurement of Tickfold (`ours`) and of the `peer`, in `unit`; less is better.

    With `better` "times" the ratio is peer / ours, and the goal its minimum; with "share" it is ours / peer, and the
    goal its maximum.
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
        """Return the figure's entry in `latest.json`, with the goal as a bound on the ratio."""
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
