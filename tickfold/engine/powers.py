"""Powers of single numbers, with the same bits on every processor.

`x ** y` of Python and numpy is the C library's, whose last bit differs from one processor to the next. Decimal
arithmetic is exact by definition. It takes some microseconds, so it is for the few powers of a run's annual figures.
"""

from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal

_DIGITS = Context(prec=40, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


def whole_power(base: float, exponent: int) -> float:
    """Return base ** exponent, for a whole `exponent` from 0, by squaring: some rounding errors, always the same."""
    power = 1.0
    while exponent:
        if exponent & 1:
            power *= base
        base *= base
        exponent >>= 1
    return power


def compound(ratio: float, exponent: float) -> float:
    """Return ratio ** exponent − 1, for `ratio` above 0; infinite where it overflows."""
    return float(_DIGITS.subtract(_power(Decimal(ratio), exponent), Decimal(1)))


def expm1(exponent: float) -> float:
    """Return e ** exponent − 1; infinite where it overflows."""
    return float(_DIGITS.subtract(_DIGITS.exp(Decimal(exponent)), Decimal(1)))


def compound_deviation(ratio: float, variance: float, exponent: float) -> float:
    """Return √((variance + ratio²)^exponent − ratio^(2 exponent)), for `ratio` above 0.

    It is the deviation of the product of `exponent` independent factors with mean `ratio` and `variance`.
    """
    square = _power(Decimal(ratio), 2.0)
    relative = _DIGITS.add(_DIGITS.divide(Decimal(variance), square), Decimal(1))
    excess = _DIGITS.subtract(_power(relative, exponent), Decimal(1))
    return float(_DIGITS.sqrt(_DIGITS.multiply(_power(square, exponent), excess)))


def _power(base: Decimal, exponent: float) -> Decimal:
    return _DIGITS.exp(_DIGITS.multiply(_DIGITS.ln(base), Decimal(exponent)))
