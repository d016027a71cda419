"""Timeframes: the length of a bar as a count and a unit, such as `1m`, `4h` or `1d`.

The protocol takes its pattern from here.
"""

import re

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_MOST_UNITS = 999

TIMEFRAME_PATTERN = rf"^[1-9][0-9]{{0,2}}({'|'.join(_UNIT_SECONDS)})$"


def is_timeframe(text: str) -> bool:
    """Return whether `text` is a timeframe."""
    return re.match(TIMEFRAME_PATTERN, text) is not None


def timeframe_seconds(timeframe: str) -> int:
    """Return the length of a bar in seconds, such as 60 for `1m`; the sort key from the finest to the coarsest."""
    return int(timeframe[:-1]) * _UNIT_SECONDS[timeframe[-1]]


def timeframe_of(seconds: int) -> str | None:
    """Return the timeframe of `seconds` in the largest unit that divides them; None if that takes more than 999."""
    unit = next(unit for unit, size in reversed(_UNIT_SECONDS.items()) if seconds % size == 0)
    count = seconds // _UNIT_SECONDS[unit]
    return f"{count}{unit}" if count <= _MOST_UNITS else None
