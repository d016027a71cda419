"""Numbers as text for people: in error reasons, on the terminal, in the report. What rounds to zero has no sign."""

from collections.abc import Callable
from decimal import Decimal

Format = Callable[[float], str]

UNDEFINED = "–"
"""Stands for a value that does not exist."""
_DECIMALS = 2, 6
"""The fewest and the most decimals of a price."""


def counted(number: int, noun: str) -> str:
    """Return `number` with its noun, singular or plural: `1 chunk`, `2,148 bars`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def count(value: float) -> str:
    """Return a whole number: `2,148`."""
    return f"{value:z,.0f}"


def money(value: float) -> str:
    """Return dollars with cents: `51,422.99`."""
    return f"{value:z,.2f}"


def decimals_of(price: float) -> int:
    """Return the decimals that a price is written with: two, or as many as it has, but no more than six."""
    fewest, most = _DECIMALS
    written = Decimal(repr(round(price, most))).normalize().as_tuple().exponent
    return max(fewest, -written if isinstance(written, int) else 0)


def percent(fraction: float, decimals: int = 2) -> str:
    """Return a fraction as a percentage with a fixed number of decimals: `47.98 %`."""
    return f"{100 * fraction:z,.{decimals}f} %"


def short_percent(fraction: float) -> str:
    """Return a fraction as a percentage with no more digits than it needs: `0.2 %`."""
    return f"{100 * fraction:zg} %"


def ratio(value: float) -> str:
    """Return a ratio with three decimals: `0.581`."""
    return f"{value:z,.3f}"


def frequency(value: float) -> str:
    """Return a number a year with no more decimals than it needs, two at most: `252`, `121.75`."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def multiple(value: float) -> str:
    """Return a factor: `15.3 ×`."""
    return f"{value:z,.1f} ×" if abs(value) < 100 else f"{value:z,.0f} ×"


def days(value: float) -> str:
    """Return a duration in days: `584 days`."""
    return counted(round(value), "day")
