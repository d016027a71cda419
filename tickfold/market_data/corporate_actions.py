"""Corporate actions: the splits and cash dividends of a symbol, as listed for some days and stored beside raw bars."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import isclose, prod
from typing import Final, Literal

from tickfold.errors import RunError

LATE: Final = timedelta(days=7)
"""How long after its ex-date an action may come to be listed: one that is found later is a list that has changed."""
_SAME = 1e-3
"""Relative difference up to which two values are one: providers round dividends differently."""


@dataclass(frozen=True, order=True)
class CorporateAction:
    """A split or a cash dividend. `day` is the ex-date: the first on which the stock trades without it.

    `value` is new shares per old share, or dollars a share. `close_before` is of a dividend that is stored beside bars:
    the close of the last bar before `day`, in dollars a share of `day`.
    """

    day: date
    kind: Literal["split", "dividend"]
    value: float
    close_before: float | None = field(default=None, compare=False)

    def __str__(self) -> str:
        value = f"{self.value:g} for 1" if self.kind == "split" else f"${self.value:g}"
        return f"{self.kind} of {value} on {self.day}"


@dataclass(frozen=True)
class CorporateActions:
    """All splits and dividends from the day `first` to `last`, both inclusive, in order."""

    first: date
    last: date
    found: list[CorporateAction]

    def count(self, kind: Literal["split", "dividend"]) -> int:
        """Return how many splits, or dividends, there are."""
        return sum(each.kind == kind for each in self.found)

    def joined(self, listed: "CorporateActions", name: str) -> "CorporateActions":
        """Return these with those of `listed`, a later list of the series `name`, whose days touch or overlap these.

        Actions that are stored stay. In the last days of these the list may have gained some.

        Raises:
            RunError: it differs otherwise on days that both have.
        """
        both = [each for each in listed.found if self.first <= each.day <= self.last]
        new = [each for each in both if not _has(self.found, each)]
        gone = [each for each in self.found if listed.first <= each.day <= listed.last and not _has(both, each)]
        late = [each for each in new if each.day > self.last - LATE]
        if changed := sorted({*gone, *new} - {*late}):
            what = f"it {'lacks' if changed[0] in gone else 'adds'} a {changed[0]}"
            raise RunError(
                f"the list of splits and dividends of {name} is not the one that is stored: {what}. What is stored "
                "stays, for results not to change; to take the list as it is now, remove the series (tickfold data "
                "remove) and fetch it anew; runs that were made stay as they are",
                "conflict",
            )
        outside = [each for each in listed.found if each not in both]
        days = min(self.first, listed.first), max(self.last, listed.last)
        return CorporateActions(*days, sorted([*self.found, *late, *outside]))


def in_shares_of(day: date, close: float, since: date, actions: Iterable[CorporateAction]) -> float:
    """Return a `close` of the day `since` in dollars a share of `day`: after the splits between."""
    return close / prod(each.value for each in actions if each.kind == "split" and since < each.day <= day)


def _has(actions: Iterable[CorporateAction], sought: CorporateAction) -> bool:
    return any(
        (each.day, each.kind) == (sought.day, sought.kind) and isclose(each.value, sought.value, rel_tol=_SAME)
        for each in actions
    )
