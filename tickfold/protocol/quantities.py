"""The numbers in a config: fractions, which may be written as `0.5%` or `5bp`, counts of bars, and dollars.

One rule for whatever is a share of something: a bare number is a fraction, `5%` is 0.05 and `5bp` is 0.0005. A bare
number written as text, as on the command line, is below 1: whoever writes 5 means 5 %. What may exceed 1, such as a
profit, is then written with its unit, `150%`; as a number of JSON it is a fraction, 1.5, up to `MOST_MULTIPLE`.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from tickfold.protocol.option import Option

MOST_MULTIPLE: Final = 10
"""The largest fraction of a profit or a volatility, 1,000 %. A larger number is mistaken for a percentage."""

_WITH_UNIT = r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(%|bps?)\s*"


def fraction_of(value: Any, most: float = 1, *, inclusive: bool = False) -> Any:
    """Return the fraction that `value` means: 0.0005 for `5bp` and `0.05%`; anything else as it is.

    `most` bounds it; `inclusive` says whether it may be 1 where it is bare, as a share of the whole may.

    Raises:
        ValueError: it is true or false, or a bare number of 1 or more, or above `most`, so that percent may be meant.
    """
    number_or_text(value)
    if isinstance(value, str) and (match := re.fullmatch(_WITH_UNIT, value)):
        return float(match[1]) / (100 if match[2] == "%" else 10_000)
    number, bound = bare_number(value), 1 if isinstance(value, str) else most
    if number is None:
        return value
    may_equal = inclusive or bound > 1
    if number > bound or (number == bound and not may_equal):
        large = f"; for {100 * number:g} percent write {100 * number:g}%" if bound < number <= most else ""
        least = f"input should be less than {'or equal to ' if may_equal else ''}{bound:g}"
        raise ValueError(f"{least}: {spellings(number)}{large}")
    return value


def number_or_text(value: Any) -> Any:
    """Return `value`; refuse true and false, of which Pydantic would make 1 and 0.

    Raises:
        ValueError: it is one of them.
    """
    if isinstance(value, bool):
        raise ValueError(f"input should be a number, not {str(value).lower()}")
    return value


def bare_number(value: Any) -> float | None:
    """Return the number that `value` is, or is the text of, in any spelling that Python reads: `5`, `5e0`, `1_0`."""
    if isinstance(value, str):
        with suppress(ValueError):
            return float(value)
    return float(value) if isinstance(value, int | float) else None


def spellings(number: float) -> str:
    """Return how a percentage is written, for whoever wrote a bare `number` and meant percent."""
    return f"a bare number is a fraction; for {number:g} percent write {number:g}% or {number / 100:.12g}"


def _reader(most: float = 1, *, inclusive: bool = False) -> Callable[[Any], Any]:
    return lambda value: fraction_of(value, most, inclusive=inclusive)


WithUnit = Annotated[str, Field(pattern=r"^\s*(\d+(\.\d*)?|\.\d+)\s*(%|bps?)\s*$", examples=["0.5%", "5bp"])]
_Fraction = Annotated[float, Field(ge=0, lt=1)]
_Distance = Annotated[float, Field(gt=0, lt=1)]
_Multiple = Annotated[float, Field(gt=0, le=MOST_MULTIPLE)]
_Share = Annotated[float, Field(gt=0, le=1)]

_FRACTION = Option(form="FRACTION")

Fraction = Annotated[_Fraction, BeforeValidator(_reader(), json_schema_input_type=_Fraction | WithUnit), _FRACTION]
Distance = Annotated[_Distance, BeforeValidator(_reader(), json_schema_input_type=_Distance | WithUnit), _FRACTION]
"""A fraction above 0, as of a stop below a price."""
Multiple = Annotated[
    _Multiple, BeforeValidator(_reader(MOST_MULTIPLE), json_schema_input_type=_Multiple | WithUnit), _FRACTION
]
"""A fraction above 0 that may exceed 1, as of a profit."""
Share = Annotated[_Share, BeforeValidator(_reader(inclusive=True), json_schema_input_type=_Share | WithUnit)]
"""A fraction above 0 of a whole, which may be all of it, as of the capital."""
BarCount = Annotated[int, Field(ge=1, le=1_000_000_000), BeforeValidator(number_or_text), Option(form="BARS")]
Dollars = Annotated[float, Field(ge=0, le=1_000_000_000), BeforeValidator(number_or_text), Option(form="DOLLARS")]
