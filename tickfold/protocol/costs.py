"""Trading costs: commission, spread and slippage."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from tickfold.protocol.option import Option
from tickfold.protocol.quantities import Dollars, Fraction
from tickfold.protocol.wire import Wire


class CommissionTerms(Wire):
    """Commission of a fill: max(minimum, fixed + perShare · shares + relative · value)."""

    relative: Annotated[
        Fraction, Field(description="Commission as a fraction of the fill's value."), Option("--commission")
    ] = 0.0
    per_share: Annotated[Dollars, Field(description="Commission per share, in dollars.")] = 0.0
    fixed: Annotated[Dollars, Field(description="Commission per fill, in dollars.")] = 0.0
    minimum: Annotated[Dollars, Field(description="Minimum commission of a fill, in dollars.")] = 0.0


def _from_number(value: Any) -> Any:
    return {"relative": value} if isinstance(value, int | float | str) else value


class CostTerms(Wire):
    """What trading costs."""

    commission: Annotated[
        CommissionTerms,
        BeforeValidator(_from_number, json_schema_input_type=CommissionTerms | Fraction),
        Field(description="Commission of a fill. A number is short for `relative`, a fraction of the fill's value."),
        Option(panel="Money"),
    ] = CommissionTerms()
    spread: Annotated[
        Fraction, Field(description="Bid-ask spread as a fraction of the price, paid on entry."), Option(panel="Money")
    ] = 0.0
    slippage: Annotated[
        Fraction,
        Field(description="Fraction of the price by which market and stop orders fill worse."),
        Option(panel="Money"),
    ] = 0.0
