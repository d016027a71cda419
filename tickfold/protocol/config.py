"""What a run and a sweep are: the config that a request carries, checked field by field."""

import fractions
import re
from datetime import date
from math import fsum
from typing import Annotated, Any, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from tickfold.engine.accounting.account import SizingKind
from tickfold.engine.decisions.orders import Direction, Fill
from tickfold.protocol.option import Option
from tickfold.protocol.wire import Wire

SYMBOL_PATTERN = r"^[A-Z0-9][A-Z0-9.^=_-]{0,19}$"
TIMEFRAME_PATTERN = r"^[1-9][0-9]{0,2}(s|m|h|d|w)$"
MOST_PARAMETERS = 50
"""More than any strategy has."""
MOST_IN_RANGE = 10**15
MOST_SYMBOLS = 100
"""In one run: so many fit into its result's message."""
TAGS = ("(symbol)", "(symbols)", "(allocations)", "(number)", "(list)", "(range)")
"""What pydantic puts into the path of an error about a stock or a parameter, and its sender never wrote."""

_WHOLE = 1 + 1e-9
"""What shares may add up to: those of three symbols may have been rounded to 0.3333333334."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PARTS = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(%|bps?)\s*")


def _of_parts(value: Any) -> Any:
    """Turn `5bp` and `0.05%` into 0.0005; leave anything else for the field to judge."""
    match = _PARTS.fullmatch(value) if isinstance(value, str) else None
    return float(match[1]) / (100 if match[2] == "%" else 10_000) if match else value


_Parts = Annotated[str, Field(pattern=r"^\s*(\d+(\.\d*)?|\.\d+)\s*(%|bps?)\s*$", examples=["0.5%", "5bp"])]
_Fraction = Annotated[float, Field(ge=0, lt=1)]
_Distance = Annotated[float, Field(gt=0, lt=1)]
_Multiple = Annotated[float, Field(gt=0, le=1_000)]
_FRACTION = Option(form="FRACTION")
Fraction = Annotated[_Fraction, BeforeValidator(_of_parts, json_schema_input_type=_Fraction | _Parts), _FRACTION]
Distance = Annotated[_Distance, BeforeValidator(_of_parts, json_schema_input_type=_Distance | _Parts), _FRACTION]
Multiple = Annotated[_Multiple, BeforeValidator(_of_parts, json_schema_input_type=_Multiple | _Parts), _FRACTION]
Bars = Annotated[int, Field(ge=1, le=1_000_000_000), Option(form="BARS")]
Dollars = Annotated[float, Field(ge=0, le=1_000_000_000), Option(form="DOLLARS")]


class CommissionTerms(Wire):
    """What each fill costs: fixed + perShare · shares + relative · value, and minimum at least."""

    relative: Annotated[
        Fraction, Field(description="Commission, as a fraction of the fill's value."), Option("--commission")
    ] = 0.0
    per_share: Annotated[Dollars, Field(description="Commission per share, in dollars.")] = 0.0
    fixed: Annotated[Dollars, Field(description="Commission per fill, in dollars.")] = 0.0
    minimum: Annotated[Dollars, Field(description="Least commission of a fill, in dollars.")] = 0.0


def _of_a_number(value: Any) -> Any:
    return {"relative": value} if isinstance(value, int | float | str) else value


class SizingTerms(Wire):
    """How much an order buys or sells short; never more than the cash pays for."""

    kind: Annotated[
        SizingKind,
        Field(
            description="`fraction` of the cash, `cash` in dollars, number of `shares`, or the fraction of the cash "
            "that gives the position a yearly `volatility`."
        ),
    ] = "fraction"
    value: Annotated[
        float, Field(gt=0, le=1_000_000_000_000, description="Fraction, dollars, shares, or volatility (0.2: 20 %).")
    ]
    bars: Annotated[int, Field(ge=2, le=10_000, description="Bars over which volatility is measured.")] = 20

    @model_validator(mode="after")
    def _is_a_fraction(self) -> "SizingTerms":
        if self.kind == "fraction" and self.value > 1:
            raise ValueError(f"a fraction of the cash is at most 1, not {self.value:g}")
        return self


def _upper(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


Symbol = Annotated[str, Field(pattern=SYMBOL_PATTERN), BeforeValidator(_upper)]


class Allocation(Wire):
    """A symbol and its share of the capital."""

    symbol: Annotated[Symbol, Field(description="Symbol, as it was loaded.")]
    share: Annotated[float, Field(gt=0, le=1, description="Fraction of `startCapital`; all together at most 1.")]


def _kind_of_stock(value: Any) -> str:
    match value:
        case [dict() | Allocation(), *_]:
            return "(allocations)"
        case list():
            return "(symbols)"
    return "(symbol)"


Stock = Annotated[
    Annotated[Symbol, Tag("(symbol)")]
    | Annotated[list[Symbol], Tag("(symbols)")]
    | Annotated[list[Allocation], Tag("(allocations)")],
    Discriminator(_kind_of_stock),
]


class _Config(Wire):
    """What a run and a sweep have in common."""

    stock: Annotated[
        Stock,
        Field(
            description="Symbol, as it was loaded; or a list of symbols, which share the capital equally; or a list of "
            "symbols with their shares. docs/universe.md says what a run of a list is."
        ),
        Option("--symbol", panel="Bars", form="SYMBOLS"),
    ]
    start_date: Annotated[
        date,
        Field(description="First UTC day, inclusive."),
        Option("--start", panel="Bars", form="DAY", default=None, left_out="the first bar's."),
    ]
    end_date: Annotated[
        date,
        Field(description="Last UTC day, inclusive."),
        Option("--end", panel="Bars", form="DAY", default=None, left_out="the last bar's."),
    ]
    start_capital: Annotated[
        float,
        Field(gt=0, le=1e15, description="Cash at the start, in dollars."),
        Option("--capital", panel="Money", form="DOLLARS", default=10_000.0),
    ]
    strategy: Annotated[str, Field(description="Name of the strategy."), Option(panel="Strategy", form="NAME")] = (
        "buy_and_hold"
    )
    timeframe: Annotated[
        str | None,
        Field(
            pattern=TIMEFRAME_PATTERN,
            description="Such as 1m, 1h, 1d. Left out: the coarsest that is loaded.",
        ),
        Option(panel="Bars", form="TIMEFRAME"),
    ] = None
    direction: Annotated[Direction, Field(description="Sides that may be held."), Option(panel="Strategy")] = "both"
    fill: Annotated[
        Fill,
        Field(description="Where market orders are filled: at the next `open`, or at the `close` that decided."),
        Option(panel="Orders"),
    ] = "open"
    limit: Annotated[
        Fraction | None,
        Field(description="Enter by a limit order, this fraction better than the close that decided."),
        Option(panel="Orders"),
    ] = None
    limit_bars: Annotated[
        Bars | None,
        Field(description="Bars that a limit order lives. Left out: until another side is asked for."),
        Option(panel="Orders"),
    ] = None
    stop_loss: Annotated[
        Distance | None,
        Field(description="Leave at a loss of this fraction of the market price at entry."),
        Option(panel="Orders"),
    ] = None
    take_profit: Annotated[
        Multiple | None,
        Field(description="Leave at a profit of this fraction of the market price at entry."),
        Option(panel="Orders"),
    ] = None
    trailing_stop: Annotated[
        Distance | None,
        Field(description="Leave this fraction away from the best price since the entry."),
        Option(panel="Orders"),
    ] = None
    max_bars: Annotated[
        Bars | None, Field(description="Most bars that a position is held."), Option(panel="Orders")
    ] = None
    sizing: Annotated[
        SizingTerms,
        Field(description="How large positions are."),
        Option("--size", panel="Money", form="KIND:NUMBER", default=None, left_out="all cash."),
    ] = SizingTerms(value=1)
    fractional_shares: Annotated[
        bool, Field(description="Buy fractions of a share."), Option("--fractional", panel="Money")
    ] = False
    commission: Annotated[
        CommissionTerms,
        BeforeValidator(_of_a_number, json_schema_input_type=CommissionTerms | Fraction),
        Field(description="What a fill costs. A number is short for `relative`, the fraction of its value."),
        Option(panel="Money"),
    ] = CommissionTerms()
    spread: Annotated[Fraction, Field(description="Fraction of the price, paid on entry."), Option(panel="Money")] = 0.0
    slippage: Annotated[
        Fraction, Field(description="Fraction by which market and stop fills are worse."), Option(panel="Money")
    ] = 0.0
    close_at_end: Annotated[
        bool,
        Field(description="Close an open trade at the last bar."),
        Option("--close-at-end/--keep-open", panel="Orders"),
    ] = True
    chunks: Annotated[
        Bars | None,
        Field(description="Force the number of chunks. Left out: follows from bars and lookback."),
        Option(form="COUNT"),
    ] = None

    @field_validator("stock", mode="before")
    @classmethod
    def _is_of_one_kind(cls, value: Any) -> Any:
        if isinstance(value, dict):
            raise ValueError('stock is an object; put it into a list, such as [{"symbol": "GOOG", "share": 0.5}]')
        if isinstance(value, list) and len({isinstance(each, str) for each in value}) > 1:
            raise ValueError("stock has symbols with and without a share; give a share to each of them, or to none")
        return value

    @field_validator("stock", mode="after")
    @classmethod
    def _is_a_universe(cls, value: str | list[str] | list[Allocation]) -> str | list[str] | list[Allocation]:
        if isinstance(value, list):
            _check_universe(_allocations(value))
        return value

    @field_validator("start_date", "end_date", mode="before")
    @classmethod
    def _is_a_day(cls, value: Any) -> Any:
        # A number would be taken for seconds since 1970, and a time of day dropped.
        if isinstance(value, str) and not _DAY.fullmatch(value):
            raise ValueError("must be a day such as 2024-01-31")
        if isinstance(value, int | float):
            raise ValueError("must be a day such as 2024-01-31")
        return value

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end_date < self.start_date:
            raise ValueError(f"endDate {self.end_date} is before startDate {self.start_date}")
        return self

    @model_validator(mode="after")
    def _terms_go_together(self) -> Self:
        if self.limit_bars is not None and self.limit is None:
            raise ValueError("limitBars needs limit: it says for how long such an order waits")
        if self.sizing.kind == "shares" and self.sizing.value % 1 and not self.fractional_shares:
            raise ValueError(f"{self.sizing.value:g} shares are no whole number; set fractionalShares")
        return self

    @property
    def allocations(self) -> list[Allocation]:
        """Each symbol with its share of the capital, in the order in which they were named."""
        return _allocations(self.stock)

    @property
    def is_universe(self) -> bool:
        """Whether `stock` is a list, even if of one symbol."""
        return isinstance(self.stock, list)


def _allocations(stock: str | list[str] | list[Allocation]) -> list[Allocation]:
    named = [stock] if isinstance(stock, str) else stock
    return [each if isinstance(each, Allocation) else Allocation(symbol=each, share=1 / len(named)) for each in named]


def _check_universe(allocations: list[Allocation]) -> None:
    symbols = [allocation.symbol for allocation in allocations]
    if not symbols:
        raise ValueError("stock is an empty list; name at least one symbol")
    if len(symbols) > MOST_SYMBOLS:
        raise ValueError(f"stock names {len(symbols):,} symbols; a run may have {MOST_SYMBOLS}")
    if twice := sorted({symbol for symbol in symbols if symbols.count(symbol) > 1}):
        raise ValueError(f"stock names {', '.join(twice)} more than once")
    if (total := fsum(allocation.share for allocation in allocations)) > _WHOLE:
        raise ValueError(f"the shares of stock add up to {total:g}; they may add up to 1 at most")


Number = int | float
Parameter = Annotated[
    Number, Field(ge=-1e15, le=1e15), WithJsonSchema({"type": "number", "minimum": -1e15, "maximum": 1e15})
]


class BacktestConfig(_Config):
    """What to backtest, on which bars, with how much money and at what cost."""

    parameters: Annotated[
        dict[str, Parameter],
        Field(max_length=MOST_PARAMETERS, description="The strategy's parameters; those left out take their defaults."),
        Option("--param", panel="Strategy", form="NAME=NUMBER"),
    ] = {}

    @field_validator("parameters", mode="before")
    @classmethod
    def _no_booleans(cls, value: Any) -> Any:
        if isinstance(value, dict) and any(isinstance(v, bool) for v in value.values()):
            raise ValueError("a parameter is a number, not true or false")
        return value


_Step = Annotated[
    Number, Field(gt=0, le=1e15), WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1e15})
]


class Range(Wire):
    """Numbers at equal distances: `from`, `from` + `step` … as far as `to`, which is one of them if it is reached."""

    first: Annotated[Parameter, Field(alias="from", description="The first number.")]
    to: Annotated[Parameter, Field(description="No number is larger.")]
    step: Annotated[_Step, Field(description="From each number to the next.")]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
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
        """How many numbers there are."""
        return (_written(self.to) - _written(self.first)) // _written(self.step) + 1

    def values(self) -> list[Number]:
        """Return the numbers: those that one would write, so 0.3 where adding 0.1 to 0.2 would give another."""
        whole = isinstance(self.first, int) and isinstance(self.step, int)
        exact = [_written(self.first) + at * _written(self.step) for at in range(self.count)]
        return [int(number) if whole else float(number) for number in exact]


def _written(number: Number) -> fractions.Fraction:
    return fractions.Fraction(repr(number))


def _kind_of_values(value: Any) -> str | None:
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


_Values = Annotated[
    Annotated[Parameter, Tag("(number)")]
    | Annotated[list[Parameter], Tag("(list)")]
    | Annotated[Range, Tag("(range)")],
    Discriminator(
        _kind_of_values,
        custom_error_type="no_values",
        custom_error_message='Expected a number, a list of numbers or a range such as {"from": 5, "to": 50, "step": 5}',
    ),
]


class Windows(Wire):
    """The windows of a walk-forward: how many bars a choice is made on, and how many it is then traded for."""

    in_sample: Annotated[Bars, Field(description="Bars on which the best parameters are chosen.")]
    out_of_sample: Annotated[Bars, Field(description="Bars after them, which are traded with these parameters.")]


class SweepConfig(_Config):
    """What to sweep: a run's config in which each parameter may have many values, and what is best."""

    stock: Annotated[
        Stock,
        Field(description="Symbol, as it was loaded; a sweep is of one."),
        Option("--symbol", panel="Bars", form="SYMBOL"),
    ]
    parameters: Annotated[
        dict[str, _Values],
        Field(
            max_length=MOST_PARAMETERS,
            description="For each parameter a number, a list of numbers, or a range; see below.",
        ),
        Option("--param", panel="Sweep", form="NAME=VALUES", default=None),
    ]
    rank_by: Annotated[
        str,
        Field(max_length=80, description="The metric that says which is best."),
        Option("--rank", panel="Sweep", form="METRIC"),
    ] = "sharpe"
    walk_forward: Annotated[
        Windows | None,
        Field(description="Choose and trade window by window; see below. Left out: rank runs over the whole range."),
        Option(panel="Sweep", form="BARS:BARS"),
    ] = None

    @field_validator("stock", mode="after")
    @classmethod
    def _is_one_symbol(cls, stock: str | list[str] | list[Allocation]) -> str | list[str] | list[Allocation]:
        if isinstance(stock, list):
            raise ValueError("stock is a list; a sweep is of one symbol")
        return stock

    @field_validator("parameters")
    @classmethod
    def _distinct(cls, parameters: dict[str, _Values]) -> dict[str, _Values]:
        for name, values in parameters.items():
            if isinstance(values, list) and len(set(values)) < max(len(values), 1):
                raise ValueError(f"parameter {name} has {'a value twice' if values else 'no values'}")
        return parameters

    def run_with(self, parameters: dict[str, Number]) -> BacktestConfig:
        """Return the config of the one run that has `parameters`."""
        shared = {name: getattr(self, name) for name in _Config.model_fields}
        return BacktestConfig(**shared, parameters=parameters)


def _kind_of_config(value: Any) -> str:
    # That of a sweep always says what to rank by, which that of a run cannot.
    ranked = "rankBy" in value if isinstance(value, dict) else isinstance(value, SweepConfig)
    return "(sweep)" if ranked else "(run)"


Config = Annotated[
    Annotated[BacktestConfig, Tag("(run)")] | Annotated[SweepConfig, Tag("(sweep)")],
    Discriminator(_kind_of_config),
]
_CONFIG: TypeAdapter[Config] = TypeAdapter(Config)


def parse_config(config: dict[str, Any]) -> Config:
    """Parse the config of a request that was accepted."""
    return _CONFIG.validate_python(config)
