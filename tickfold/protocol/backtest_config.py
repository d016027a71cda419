"""The config of a backtest: what is traded, when, with how much money, by which strategy and on which terms."""

import re
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from tickfold.engine.timeframe import TIMEFRAME_PATTERN, UNITS_TEXT, canonical_timeframe
from tickfold.protocol.costs import CostTerms
from tickfold.protocol.option import Option
from tickfold.protocol.orders import OrderTerms
from tickfold.protocol.parameters import MOST_PARAMETERS, Parameter
from tickfold.protocol.quantities import BarCount, number_or_text
from tickfold.protocol.sizing import PositionTerms
from tickfold.protocol.stock import Allocation, Stock, allocations_of
from tickfold.protocol.wire import Wire

PriceAdjustment = Literal["all", "splits", "raw"]
"""What prices are adjusted for: splits and dividends, splits alone, or nothing."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _check_day(value: Any) -> Any:
    # Pydantic would read a number as seconds since 1970, and drop a time of day.
    if isinstance(value, int | float) or (isinstance(value, str) and not _DAY.fullmatch(value)):
        raise ValueError("must be a day such as 2024-01-31")
    return value


Day = Annotated[date, BeforeValidator(_check_day)]


def parse_timeframe(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if found := canonical_timeframe(value):
        return found
    raise ValueError(f"must be a number and {UNITS_TEXT}, such as 1m, 1d or 1mo")


class _Subject(Wire):
    """What is simulated."""

    stock: Annotated[
        Stock,
        Field(
            description="Symbol of a loaded series; or a list of symbols, in equal shares of the capital; or a list of "
            "symbols with their shares. See docs/how-to/run-several-symbols.md."
        ),
        Option("--symbol", panel="Bars", form="SYMBOLS"),
    ]
    start_date: Annotated[
        Day,
        Field(description="First session date, inclusive."),
        Option("--start", panel="Bars", form="DAY", default=None, left_out="the first bar's."),
    ]
    end_date: Annotated[
        Day,
        Field(description="Last session date, inclusive."),
        Option("--end", panel="Bars", form="DAY", default=None, left_out="the last bar's."),
    ]
    start_capital: Annotated[
        float,
        Field(gt=0, le=1e15, description="Cash at the start, in dollars."),
        BeforeValidator(number_or_text),
        Option("--capital", panel="Money", form="DOLLARS", default=10_000.0),
    ]
    strategy: Annotated[str, Field(description="Name of the strategy."), Option(panel="Strategy", form="NAME")] = (
        "buy_and_hold"
    )
    timeframe: Annotated[
        str | None,
        Field(pattern=TIMEFRAME_PATTERN, description="Such as 1m, 1h, 1d, 1mo. Default: the coarsest that is loaded."),
        BeforeValidator(parse_timeframe),
        Option(panel="Bars", form="TIMEFRAME"),
    ] = None
    adjustment: Annotated[
        PriceAdjustment,
        Field(
            description="What prices are adjusted for, of bars that were fetched as traded: `all`, splits and "
            "dividends; `splits`; or `raw`, nothing. Other bars are taken as they are stored, for which it is `all`."
        ),
        Option(panel="Bars"),
    ] = "all"

    @model_validator(mode="after")
    def _check_range(self) -> Self:
        if self.end_date < self.start_date:
            raise ValueError(f"endDate {self.end_date} is before startDate {self.start_date}")
        return self

    @property
    def allocations(self) -> list[Allocation]:
        """Each symbol with its share of the capital, in the given order."""
        return allocations_of(self.stock)

    @property
    def is_universe(self) -> bool:
        """Whether `stock` is a list, even if of one symbol."""
        return isinstance(self.stock, list)


class SimulationConfig(CostTerms, PositionTerms, OrderTerms, _Subject):
    """The fields that backtests and sweeps share. Pydantic orders them from the last base to the first."""

    close_at_end: Annotated[
        bool,
        Field(description="Close an open trade at the last bar."),
        Option("--close-at-end/--keep-open", panel="Orders"),
    ] = True
    chunks: Annotated[
        BarCount | None,
        Field(description="Number of chunks. Default: derived from bars and lookback."),
        Option(form="COUNT"),
    ] = None


class BacktestConfig(SimulationConfig):
    """What to backtest: symbols, days, capital, strategy, orders and costs."""

    parameters: Annotated[
        dict[str, Parameter],
        Field(max_length=MOST_PARAMETERS, description="The strategy's parameters. Default: the strategy's own."),
        Option("--param", panel="Strategy", form="NAME=NUMBER"),
    ] = {}

    @field_validator("parameters", mode="before")
    @classmethod
    def _check_numbers(cls, value: Any) -> Any:
        if isinstance(value, dict) and any(isinstance(v, bool) for v in value.values()):
            raise ValueError("a parameter is a number, not true or false")
        return value
