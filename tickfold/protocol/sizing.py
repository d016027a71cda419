"""Position sizing: how much an order buys or sells short."""

import math
import re
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from tickfold.engine.accounting.account import SizingKind
from tickfold.protocol.option import Option
from tickfold.protocol.quantities import MOST_MULTIPLE, WithUnit, bare_number, fraction_of, number_or_text, spellings
from tickfold.protocol.wire import Wire

_Value = Annotated[float, Field(gt=0, le=1_000_000_000_000)]


def _size(value: Any, info: ValidationInfo) -> Any:
    """Return the number that `value` means for the kind of size, which has been validated before it.

    Raises:
        ValueError: it has a unit where dollars or shares are meant, or percent is meant where a fraction is.
    """
    kind, is_text = info.data.get("kind"), isinstance(number_or_text(value), str)
    if kind == "fraction":
        if is_text and (number := bare_number(value)) is not None:
            return number  # bounded below, as a number is
        return fraction_of(value, math.inf)
    if kind == "volatility":
        return fraction_of(value, 1 if is_text else math.inf)
    if is_text and value.strip().endswith(("%", "bp", "bps")):
        raise ValueError(f"{kind} is a number without a unit; for a share of the cash write fraction:{value.strip()}")
    return value


def parse_size(text: str) -> dict[str, str]:
    """Return the sizing that `kind:number` or `kind:number:bars` writes; `SizingTerms` validates its parts.

    Raises:
        ValueError: it is not of that form.
    """
    match = re.fullmatch(r"([a-z]+):([^:]+)(?::(\d+))?", text)
    if not match:
        raise ValueError(f"{text!r} is not kind:number, such as fraction:0.5 or cash:5000")
    return {"kind": match[1], "value": match[2]} | ({"bars": match[3]} if match[3] else {})


class SizingTerms(Wire):
    """How much an order buys or sells short; never more than the cash pays for."""

    kind: Annotated[
        SizingKind,
        Field(
            description="`fraction` of the cash, `cash` in dollars, number of `shares`, or the fraction of the cash "
            "that targets a yearly `volatility`."
        ),
    ] = "fraction"
    value: Annotated[
        _Value,
        BeforeValidator(_size, json_schema_input_type=_Value | WithUnit),
        Field(
            description="Fraction, dollars, shares, or yearly volatility. A fraction is at most 1, a volatility at "
            f"most {MOST_MULTIPLE}; both may be written as 20%."
        ),
    ]
    bars: Annotated[
        int,
        Field(ge=2, le=10_000, description="Bars over which volatility is measured."),
        BeforeValidator(number_or_text),
    ] = 20

    @model_validator(mode="after")
    def _check_bounds(self) -> Self:
        if self.kind == "volatility" and self.value > MOST_MULTIPLE:
            bound = f"a yearly volatility is at most {MOST_MULTIPLE}, not {self.value:g}"
            raise ValueError(f"{bound}; {spellings(self.value)}")
        if self.kind == "fraction" and self.value > 1:
            bound = f"a fraction of the cash is at most 1, not {self.value:g}"
            raise ValueError(f"{bound}; {spellings(self.value)}")
        return self


class PositionTerms(Wire):
    """How large positions are."""

    sizing: Annotated[
        SizingTerms,
        Field(description="Position size."),
        Option("--size", panel="Money", form="KIND:NUMBER", default=None, left_out="all cash."),
    ] = SizingTerms(value=1)
    fractional_shares: Annotated[
        bool, Field(description="Trade fractions of a share."), Option("--fractional", panel="Money")
    ] = False

    @model_validator(mode="after")
    def _check_whole_shares(self) -> Self:
        if self.sizing.kind == "shares" and self.sizing.value % 1 and not self.fractional_shares:
            raise ValueError(f"{self.sizing.value:g} is not a whole number of shares; set fractionalShares")
        return self
