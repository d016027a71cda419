"""The cron expressions of EventBridge Scheduler, as far as the program uses them: minutes, hours and weekdays."""

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


class UnsupportedCronError(Exception):
    """The expression is not one that can be carried out here; the message says what can."""


@dataclass(frozen=True)
class Cron:
    """The times of an expression `cron(MINUTES HOURS ? * WEEKDAYS *)` in a time zone."""

    minutes: frozenset[int]
    hours: frozenset[int]
    weekdays: frozenset[int]
    zone: ZoneInfo

    @classmethod
    def parse(cls, expression: str, time_zone: str) -> "Cron":
        """Return the times of `expression`.

        Raises:
            UnsupportedCronError: it has other fields than minutes, hours and weekdays, or they are invalid.
        """
        found = re.fullmatch(r"cron\((\S+) (\S+) (\?|\*) \* (\S+) \*\)", expression)
        if not found or (found[3] == "?") == (found[4] == "?"):
            raise UnsupportedCronError(f"{expression}: expected cron(MINUTES HOURS ? * WEEKDAYS *)")
        try:
            return cls(
                minutes=_values(found[1], range(60)),
                hours=_values(found[2], range(24)),
                weekdays=_values(_numbered("*" if found[4] == "?" else found[4]), range(1, 8)),
                zone=ZoneInfo(time_zone),
            )
        except ValueError as error:
            raise UnsupportedCronError(f"{expression}: {error}") from None

    def is_due(self, time: datetime) -> bool:
        """Return whether the minute that begins at `time` is one of the expression's."""
        local = time.astimezone(self.zone)
        weekday = local.isoweekday() % 7 + 1
        return local.minute in self.minutes and local.hour in self.hours and weekday in self.weekdays


def _numbered(weekdays: str) -> str:
    """Return weekdays as numbers: Sunday is 1, as AWS counts."""
    for number, name in enumerate(_WEEKDAYS, 1):
        weekdays = weekdays.replace(name, str(number))
    return weekdays


def _values(field: str, possible: range) -> frozenset[int]:
    """Return the values of `*`, `5`, `1-5`, `*/10`, and of several of these separated by commas."""
    found = set[int]()
    for part in field.split(","):
        each = re.fullmatch(r"(?:(\*)|(\d+)(?:-(\d+))?)(?:/(\d+))?", part)
        if not each:
            raise ValueError(f"{part} is neither a number, a range nor *")
        first = possible.start if each[1] else int(each[2])
        alone = not (each[1] or each[3] or each[4])
        last = first if alone else int(each[3] or possible.stop - 1)
        chosen = range(first, last + 1, int(each[4] or 1))
        if not chosen or chosen[0] not in possible or chosen[-1] not in possible:
            raise ValueError(f"{part} is not within {possible.start} to {possible.stop - 1}")
        found.update(chosen)
    return frozenset(found)
