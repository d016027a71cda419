"""Position sizing: how much an order buys or sells short."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from tickfold.engine.accounting.account import SizingKind
from tickfold.protocol.option import Option
from tickfold.protocol.wire import Wire


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
        float,
        Field(
            gt=0, le=1_000_000_000_000, description="Fraction, dollars, shares, or yearly volatility (0.2 for 20 %)."
        ),
    ]
    bars: Annotated[int, Field(ge=2, le=10_000, description="Bars over which volatility is measured.")] = 20

    @model_validator(mode="after")
    def _check_fraction(self) -> Self:
        if self.kind == "fraction" and self.value > 1:
            raise ValueError(f"a fraction of the cash is at most 1, not {self.value:g}")
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
