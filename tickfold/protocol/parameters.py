"""Values of a strategy's parameters: a number for a run; a number, a list or a range for a sweep."""

import fractions
from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, Tag, WithJsonSchema, model_validator

from tickfold.protocol.wire import Wire

MOST_PARAMETERS = 50
MOST_IN_RANGE = 10**15
PARAMETER_TAGS = ("(number)", "(list)", "(range)")

Number = int | float
Parameter = Annotated[
    Number, Field(ge=-1e15, le=1e15), WithJsonSchema({"type": "number", "minimum": -1e15, "maximum": 1e15})
]
_Step = Annotated[
    Number, Field(gt=0, le=1e15), WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1e15})
]


class Range(Wire):
    """Evenly spaced numbers: `from`, `from` + `step` … up to and including `to`."""

    first: Annotated[Parameter, Field(alias="from", description="First number.")]
    to: Annotated[Parameter, Field(description="Upper bound, inclusive.")]
    step: Annotated[_Step, Field(description="Distance between two numbers.")]

    @model_validator(mode="after")
    def _check_count(self) -> Self:
        if self.to < self.first:
            raise ValueError(f"a range from {self.first:g} to {self.to:g} has no number in it")
        if self.count > MOST_IN_RANGE:
            raise ValueError(
                f"a range from {self.first:g} to {self.to:g} in steps of {self.step:g} has more than "
                f"{MOST_IN_RANGE:,} numbers; take wider steps"
            )
        return self

    @property
    def count(self) -> int:
        """Number of values."""
        return (_exact(self.to) - _exact(self.first)) // _exact(self.step) + 1

    def values(self) -> list[Number]:
        """Return the values, computed in decimal: 0.3, where floats add 0.1 to 0.2 to 0.30000000000000004."""
        whole = isinstance(self.first, int) and isinstance(self.step, int)
        exact = [_exact(self.first) + at * _exact(self.step) for at in range(self.count)]
        return [int(number) if whole else float(number) for number in exact]


def _exact(number: Number) -> fractions.Fraction:
    """Return the decimal number that `number` is written as."""
    return fractions.Fraction(repr(number))


def _kind(value: Any) -> str | None:
    match value:
        case bool():
            return None
        case int() | float():
            return "(number)"
        case list():
            return "(list)" if all(type(number) in (int, float) for number in value) else None
        case dict() | Range():
            return "(range)"
    return None


ParameterValues = Annotated[
    Annotated[Parameter, Tag(PARAMETER_TAGS[0])]
    | Annotated[list[Parameter], Tag(PARAMETER_TAGS[1])]
    | Annotated[Range, Tag(PARAMETER_TAGS[2])],
    Discriminator(
        _kind,
        custom_error_type="no_values",
        custom_error_message='Expected a number, a list of numbers or a range such as {"from": 5, "to": 50, "step": 5}',
    ),
]
