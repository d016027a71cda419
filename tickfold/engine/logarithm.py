"""Natural logarithms with the same bits on every processor.

The logarithms of numpy and of C libraries differ in the last bit from one processor to the next. These are sums,
products and quotients of doubles, which IEEE 754 defines to the last bit. The relative error is below 4e-16.

Source: ln(a / b) = 2 artanh((a − b) / (a + b)), and the series of artanh (Abramowitz and Stegun, "Handbook of
Mathematical Functions" (1964), 4.1.27).
"""

from math import isnan, nan

import numpy as np

from tickfold.engine.arrays import Floats, blocks

_BLOCK = 32_768
"""Elements computed at a time, so that intermediate results stay in the processor's cache."""
_SMALL = 2.0**-16
"""Square of the largest 2 (a − b) / (a + b) whose series ends after three terms: what is left is below 1e-17 of it."""
_SERIES = tuple(2 / power for power in range(23, 1, -2))
"""Coefficients of 2 artanh(s) from s²³ down to s³: what is left is below 1e-17 of it for |s| up to 3 − √8."""
_ROOT_OF_HALF = 0.7071067811865476
_LN2_HIGH, _LN2_LOW = float.fromhex("0x1.62e42feep-1"), float.fromhex("0x1.a39ef35793c76p-33")
"""ln 2 in two parts; a multiple of the first by an exponent is exact."""


def log_ratio(after: Floats, before: Floats, out: Floats | None = None) -> Floats:
    """Return ln(after / before), elementwise, for finite values above 0; `out` is where to, as in numpy.

    Small changes have no rounding error of the quotient: the log return of a price that moved by 1e-9 is as precise as
    any other.
    """
    found: Floats = np.empty(len(after)) if out is None else out
    for some in blocks(len(after), _BLOCK):
        _log_ratio(after[some], before[some], found[some])
    return found


def log_returns(prices: Floats, before: float = nan) -> Floats:
    """Return the log return of each price on the previous one, shape (prices,); the first is on `before`.

    It is 0 where `before` is NaN: a run's first price has no return.
    """
    returns = np.zeros(len(prices))
    log_ratio(prices[1:], prices[:-1], out=returns[1:])
    if not isnan(before):
        log_ratio(prices[:1], np.array([before]), out=returns[:1])
    return returns


def log_change(first: float, last: float) -> float:
    """Return ln(last / first), which is the sum of the log returns from one to the other."""
    return float(log_ratio(np.array([last]), np.array([first]))[0])


def log1p(fraction: Floats) -> Floats:
    """Return ln(1 + fraction), elementwise, for finite values above −1."""
    growth = 1 + fraction
    lost = fraction - (growth - 1)  # what rounding took from it
    return log_ratio(growth, np.ones(len(growth))) + lost / growth


def _log_ratio(after: Floats, before: Floats, out: Floats) -> None:
    try:
        with np.errstate(over="raise"):
            sum_ = after + before
    except FloatingPointError:
        out[:] = _reduced(after, before)
        return
    twice = after - before
    twice += twice
    twice /= sum_
    square = np.multiply(twice, twice, out=sum_)
    large = square > _SMALL
    np.multiply(square, 1 / 80, out=out)
    out += 1 / 12
    out *= square
    out *= twice
    out += twice
    if large.any():
        out[large] = _reduced(after[large], before[large])


def _reduced(after: Floats, before: Floats) -> Floats:
    """Return ln(after / before) as k ln 2 + ln(a / b), with a / b between √½ and √2."""
    (a, k), (b, exponents) = np.frexp(after), np.frexp(before)
    k = k - exponents
    low, high = a < b * _ROOT_OF_HALF, b < a * _ROOT_OF_HALF
    a, b = np.where(low, 2 * a, a), np.where(high, 2 * b, b)
    k = k + high - low
    s = (a - b) / (a + b)
    square = s * s
    series = np.zeros(len(s))
    for coefficient in _SERIES:
        series *= square
        series += coefficient
    series *= square
    series *= s
    series += k * _LN2_LOW
    series += 2 * s
    series += k * _LN2_HIGH
    return series
