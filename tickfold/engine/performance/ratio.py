"""The ratio of two figures."""

from math import nan


def ratio(dividend: float, divisor: float) -> float:
    """Return the quotient; NaN, which is undefined, for a divisor of 0."""
    return dividend / divisor if divisor else nan
