"""Orders: how positions are entered and left."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from tickfold.engine.decisions.terms import Direction, Fill
from tickfold.protocol.option import Option
from tickfold.protocol.quantities import BarCount, Distance, Fraction, Multiple
from tickfold.protocol.wire import Wire


class OrderTerms(Wire):
    """The orders that enter and leave positions."""

    direction: Annotated[Direction, Field(description="Sides that may be held."), Option(panel="Strategy")] = "both"
    fill: Annotated[
        Fill,
        Field(description="Price of market orders: the next bar's `open`, or the `close` of the signal's bar."),
        Option(panel="Orders"),
    ] = "open"
    limit: Annotated[
        Fraction | None,
        Field(description="Enter by a limit order, at this fraction better than the close of the signal's bar."),
        Option(panel="Orders"),
    ] = None
    limit_bars: Annotated[
        BarCount | None,
        Field(description="Bars after which a limit order expires. Default: when the target position changes."),
        Option(panel="Orders"),
    ] = None
    stop_loss: Annotated[
        Distance | None,
        Field(description="Exit at a loss of this fraction of the market price at entry."),
        Option(panel="Orders"),
    ] = None
    take_profit: Annotated[
        Multiple | None,
        Field(description="Exit at a profit of this fraction of the market price at entry."),
        Option(panel="Orders"),
    ] = None
    trailing_stop: Annotated[
        Distance | None,
        Field(description="Exit at this fraction from the best price since the entry."),
        Option(panel="Orders"),
    ] = None
    max_bars: Annotated[BarCount | None, Field(description="Exit after this many bars."), Option(panel="Orders")] = None

    @model_validator(mode="after")
    def _check_limit_bars(self) -> Self:
        if self.limit_bars is not None and self.limit is None:
            raise ValueError("limitBars needs limit: it sets when that order expires")
        return self
