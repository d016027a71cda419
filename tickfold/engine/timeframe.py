"""Timeframes: the length of a bar as a count and a unit, such as `1m`, `4h`, `1d` or `3mo`.

The protocol takes its pattern from here.
"""

import re

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_MONTH_SECONDS = 2_629_746
"""Mean length of a month of the Gregorian calendar: 365.2425 days / 12."""
_MOST_UNITS = 999

UNITS = (*_UNIT_SECONDS, "mo")
UNITS_TEXT = "s, m, h, d, w or mo"
TIMEFRAME_PATTERN = rf"^[1-9][0-9]{{0,2}}({'|'.join(UNITS)})$"

_WORDS = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "m": ("min", "mins", "minute", "minutes"),  # and m in lower case: a capital M is a month
    "h": ("h", "hr", "hrs", "hour", "hours", "hourly"),
    "d": ("d", "day", "days", "daily"),
    "w": ("w", "wk", "wks", "week", "weeks", "weekly"),
    "mo": ("mo", "mon", "mth", "month", "months", "monthly"),
}
_MONTHS_IN = {"mo": 1, "q": 3, "quarter": 3, "quarters": 3, "quarterly": 3, "y": 12, "yr": 12, "year": 12}
_MONTHS_IN |= {"years": 12, "yearly": 12, "annual": 12}
_UNIT_OF_WORD = {word: unit for unit, words in _WORDS.items() for word in words}


def is_timeframe(text: str) -> bool:
    """Return whether `text` is a timeframe."""
    return re.fullmatch(TIMEFRAME_PATTERN, text) is not None


def canonical_timeframe(text: str) -> str | None:
    """Return the timeframe that `text` means, in the largest unit that divides it; None if it means none.

    Understands the spellings of other software: `60min` is `1h`, `24h` is `1d`, `1M`, `1month` and `monthly` are `1mo`,
    `1q` is `3mo` and `1y` is `12mo`. As everywhere in trading, a small m is a minute and a capital M is a month.
    """
    spelling = re.fullmatch(r"(\d{0,6}) ?([a-zA-Z]+)", text.strip(), re.ASCII)
    if not spelling:
        return None
    count, word = int(spelling[1] or 1), spelling[2]
    unit = {"m": "m", "M": "mo"}.get(word) or _UNIT_OF_WORD.get(word.lower(), word.lower())
    if not count:
        return None
    if unit in _UNIT_SECONDS:
        return timeframe_of(count * _UNIT_SECONDS[unit])
    return months_timeframe(count * _MONTHS_IN[unit]) if unit in _MONTHS_IN else None


def timeframe_seconds(timeframe: str) -> int:
    """Return the length of a bar in seconds, such as 60 for `1m`; the sort key from the finest to the coarsest.

    Months count as their mean length. Nothing is computed from that but an order.
    """
    if timeframe.endswith("mo"):
        return int(timeframe[:-2]) * _MONTH_SECONDS
    return int(timeframe[:-1]) * _UNIT_SECONDS[timeframe[-1]]


def lasts_days(timeframe: str) -> bool:
    """Return whether its bars last a day or longer, and so belong to dates rather than instants."""
    return timeframe_seconds(timeframe) >= _UNIT_SECONDS["d"]


def timeframe_of(seconds: int) -> str | None:
    """Return the timeframe of `seconds` in the largest unit that divides them; None if that takes more than 999."""
    unit = next(unit for unit, size in reversed(_UNIT_SECONDS.items()) if seconds % size == 0)
    count = seconds // _UNIT_SECONDS[unit]
    return f"{count}{unit}" if count <= _MOST_UNITS else None


def months_timeframe(months: int) -> str | None:
    """Return the timeframe of `months`, such as `3mo`; None if there are more than 999."""
    return f"{months}mo" if months <= _MOST_UNITS else None
