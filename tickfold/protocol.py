"""The messages between a client and Tickfold, version 1: what may be sent, and what comes back.

Everything on the wire is JSON with camelCase names. Amounts are dollars, ratios fractions (0.21, not 21), dates are
UTC days, times are milliseconds since 1970 UTC. A message to the client stays under `MAX_MESSAGE_BYTES`, since a
larger WebSocket frame would close the connection.
"""

import fractions
import re
from datetime import date
from math import fsum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from tickfold.engine.account import SizingKind
from tickfold.engine.orders import Direction, Fill
from tickfold.errors import RunError
from tickfold.validation import explain

VERSION: Final = 1
MAX_MESSAGE_BYTES = 32_000
MAX_REQUEST_BYTES = 32_000
SYMBOL_PATTERN = r"^[A-Z0-9][A-Z0-9.^=_-]{0,19}$"
TIMEFRAME_PATTERN = r"^[1-9][0-9]{0,2}(s|m|h|d|w)$"
MOST_SYMBOLS = 100
"""In one run: so many fit into its result's message."""

_WHOLE = 1 + 1e-9
"""What shares may add up to: those of three symbols may have been rounded to 0.3333333334."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

_PARTS = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(%|bps?)\s*")


class _Wire(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
    )


# --- from the client -------------------------------------------------------------------------------------------------


def _of_parts(value: Any) -> Any:
    """Turn `5bp` and `0.05%` into 0.0005; leave anything else for the field to judge."""
    match = _PARTS.fullmatch(value) if isinstance(value, str) else None
    return float(match[1]) / (100 if match[2] == "%" else 10_000) if match else value


Fraction = Annotated[float, Field(ge=0, lt=1), BeforeValidator(_of_parts)]
Distance = Annotated[float, Field(gt=0, lt=1), BeforeValidator(_of_parts)]
Dollars = Annotated[float, Field(ge=0, le=1_000_000_000)]


class CommissionTerms(_Wire):
    """What each fill costs: fixed + perShare · shares + relative · value, and minimum at least."""

    relative: Annotated[Fraction, Field(description="Fraction of the fill's value.")] = 0.0
    per_share: Annotated[Dollars, Field(description="Dollars a share.")] = 0.0
    fixed: Annotated[Dollars, Field(description="Dollars a fill.")] = 0.0
    minimum: Annotated[Dollars, Field(description="Dollars that a fill costs at least.")] = 0.0


def _of_a_number(value: Any) -> Any:
    return {"relative": value} if isinstance(value, int | float | str) else value


class SizingTerms(_Wire):
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


class Allocation(_Wire):
    """A symbol and its share of the capital."""

    symbol: Annotated[Symbol, Field(description="Symbol, as it was loaded.")]
    share: Annotated[float, Field(gt=0, description="Fraction of `startCapital`; all together at most 1.")]


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


class _Config(_Wire):
    """What a run and a sweep have in common."""

    stock: Annotated[
        Stock,
        Field(
            description="Symbol, as it was loaded; or a list of symbols, which share the capital equally; or a list of "
            "symbols with their shares. docs/universe.md says what a run of a list is."
        ),
    ]
    start_date: Annotated[date, Field(description="First UTC day, inclusive.")]
    end_date: Annotated[date, Field(description="Last UTC day, inclusive.")]
    start_capital: Annotated[float, Field(gt=0, le=1e15, description="Cash at the start, in dollars.")]
    strategy: Annotated[str, Field(description="Name of the strategy.")] = "buy_and_hold"
    timeframe: Annotated[
        str | None,
        Field(
            pattern=TIMEFRAME_PATTERN,
            description="Such as 1m, 1h, 1d. Left out: the coarsest that is loaded.",
        ),
    ] = None
    direction: Annotated[Direction, Field(description="Sides that may be held.")] = "both"
    fill: Annotated[
        Fill, Field(description="Where market orders are filled: at the next `open`, or at the `close` that decided.")
    ] = "open"
    limit: Annotated[
        Fraction | None, Field(description="Enter by a limit order, this fraction better than the close that decided.")
    ] = None
    limit_bars: Annotated[
        int | None, Field(ge=1, description="Bars that a limit order lives. Left out: until another side is asked for.")
    ] = None
    stop_loss: Annotated[
        Distance | None, Field(description="Leave at a loss of this fraction of the market price at entry.")
    ] = None
    take_profit: Annotated[
        Annotated[float, Field(gt=0, le=1_000), BeforeValidator(_of_parts)] | None,
        Field(description="Leave at a profit of this fraction of the market price at entry."),
    ] = None
    trailing_stop: Annotated[
        Distance | None, Field(description="Leave this fraction away from the best price since the entry.")
    ] = None
    max_bars: Annotated[int | None, Field(ge=1, description="Most bars that a position is held.")] = None
    sizing: Annotated[SizingTerms, Field(description="How large positions are.")] = SizingTerms(value=1)
    fractional_shares: Annotated[bool, Field(description="Buy fractions of a share.")] = False
    commission: Annotated[
        CommissionTerms,
        BeforeValidator(_of_a_number),
        Field(description="What a fill costs. A number is short for `relative`, the fraction of its value."),
    ] = CommissionTerms()
    spread: Annotated[Fraction, Field(description="Fraction of the price, paid on entry.")] = 0.0
    slippage: Annotated[Fraction, Field(description="Fraction by which market and stop fills are worse.")] = 0.0
    close_at_end: Annotated[bool, Field(description="Close an open trade at the last bar.")] = True
    chunks: Annotated[
        int | None,
        Field(ge=1, description="Force the number of chunks. Left out: follows from bars and lookback."),
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


class BacktestConfig(_Config):
    """What to backtest, on which bars, with how much money and at what cost."""

    parameters: Annotated[
        dict[str, Number],
        Field(description="The strategy's parameters; those left out take their defaults."),
    ] = {}

    @field_validator("parameters", mode="before")
    @classmethod
    def _no_booleans(cls, value: Any) -> Any:
        if isinstance(value, dict) and any(isinstance(v, bool) for v in value.values()):
            raise ValueError("a parameter is a number, not true or false")
        return value


class Range(_Wire):
    """Numbers at equal distances: `from`, `from` + `step` … as far as `to`, which is one of them if it is reached."""

    first: Annotated[Number, Field(alias="from")]
    to: Number
    step: Annotated[Number, Field(gt=0)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.to < self.first:
            raise ValueError(f"a range from {self.first:g} to {self.to:g} has no number in it")
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
    Annotated[Number, Tag("(number)")] | Annotated[list[Number], Tag("(list)")] | Annotated[Range, Tag("(range)")],
    Discriminator(
        _kind_of_values,
        custom_error_type="no_values",
        custom_error_message='Expected a number, a list of numbers or a range such as {"from": 5, "to": 50, "step": 5}',
    ),
]


class Windows(_Wire):
    """The windows of a walk-forward: how many bars a choice is made on, and how many it is then traded for."""

    in_sample: Annotated[int, Field(ge=1, description="Bars on which the best parameters are chosen.")]
    out_of_sample: Annotated[int, Field(ge=1, description="Bars after them, which are traded with these parameters.")]


class SweepConfig(_Config):
    """What to sweep: a run's config in which each parameter may have many values, and what is best."""

    parameters: Annotated[
        dict[str, _Values],
        Field(description="For each parameter a number, a list of numbers, or a range; see below."),
    ]
    rank_by: Annotated[str, Field(max_length=80, description="The metric that says which is best.")] = "sharpe"
    walk_forward: Annotated[
        Windows | None,
        Field(description="Choose and trade window by window; see below. Left out: rank runs over the whole range."),
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


Config = Annotated[BacktestConfig | SweepConfig, Field(union_mode="left_to_right")]
"""That of a sweep always says what to rank by, which that of a run cannot."""


class StartBacktest(_Wire):
    """Start a run."""

    type: Literal["start_backtest"]
    mode: Annotated[Literal["cloud"], Field(description="Where to run.")] = "cloud"
    config: BacktestConfig


class StartSweep(_Wire):
    """Start a sweep: runs of one strategy with many sets of parameters, of which the best is given in full."""

    type: Literal["start_sweep"]
    mode: Annotated[Literal["cloud"], Field(description="Where to run.")] = "cloud"
    config: SweepConfig


class Resume(_Wire):
    """Send a run's messages to this connection from now on, beginning with those after `after`."""

    type: Literal["resume"]
    run_id: Annotated[str, Field(min_length=1, max_length=80)]
    after: Annotated[int, Field(ge=0, description="The last sequence number that the client has.")] = 0


class Ping(_Wire):
    """Keep the connection open: API Gateway closes one that is idle for ten minutes."""

    type: Literal["ping"]


Request = StartBacktest | StartSweep | Resume | Ping
_REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="type")])


_TYPES = ("start_backtest", "start_sweep", "resume", "ping")
TAGS = ("(symbol)", "(symbols)", "(allocations)", "(number)", "(list)", "(range)")
"""What pydantic puts into the path of an error about a stock or a parameter, and its sender never wrote."""
_KNOWN = f"known types: {', '.join(_TYPES)}"
_EXAMPLE = 'send an object such as {"type": "start_backtest", "config": {"stock": "GOOG", ...}}'
_NOT_A_REQUEST = {
    "json_invalid": f"the message is not JSON; {_EXAMPLE}",
    "dict_type": f"the message is JSON but not an object; {_EXAMPLE}",
    "union_tag_not_found": f"the message has no type; {_KNOWN}",
    "union_tag_invalid": f"the message has an unknown type; {_KNOWN}",
}


def parse_request(body: str) -> Request:
    """Parse what a client sent.

    Raises:
        RunError: it is too long, not JSON, not an object, of an unknown type, or a field is wrong; the message names
            each field that is wrong and says what was expected.
    """
    size = len(body.encode())
    if size > MAX_REQUEST_BYTES:
        raise RunError(f"the message has {size:,} bytes; at most {MAX_REQUEST_BYTES:,} are accepted")
    try:
        return _REQUEST.validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        whole = None if first["loc"] else _NOT_A_REQUEST.get(first["type"])
        raise RunError(whole or explain(error, without=(*_TYPES, *TAGS))) from None


_CONFIG: TypeAdapter[Config] = TypeAdapter(Config)


def parse_config(config: dict[str, Any]) -> Config:
    """Parse the config of a request that was accepted."""
    return _CONFIG.validate_python(config)


# --- to the client ---------------------------------------------------------------------------------------------------


LONGEST_REASON = 2_000


def _shortened(reason: str) -> str:
    return reason if len(reason) <= LONGEST_REASON else reason[: LONGEST_REASON - 1] + "…"


Reason = Annotated[str, AfterValidator(_shortened), Field(description="What was wrong, and what would be right.")]


class Message(_Wire):
    """What every message to the client has: the run it belongs to, and its place among the run's messages."""

    version: Literal[1] = VERSION
    run_id: Annotated[str | None, Field(description="The run; null where no run was started.")] = None
    sequence: Annotated[int, Field(ge=0, description="1, 2, 3 … in each run; 0 outside a run.")] = 0


class Accepted(Message):
    """The run was started."""

    type: Literal["accepted"] = "accepted"
    execution_arn: str
    config: Config


class Planned(Message):
    """The range was cut into chunks."""

    type: Literal["planned"] = "planned"
    symbol: Annotated[str, Field(description="The symbol; several are joined by commas.")]
    timeframe: str
    bars: int
    chunks: int
    combinations: Annotated[int, Field(description="Sets of parameters that each chunk is simulated with.")] = 1


class Progress(Message):
    """So many chunks have been simulated."""

    type: Literal["progress"] = "progress"
    chunks_done: int
    chunks: int


class Partial(Message):
    """A piece of the equity curve. Pieces come in order; a long curve is thinned, the whole of it is in Parquet."""

    type: Literal["partial"] = "partial"
    piece: Annotated[int, Field(ge=1, description="1 … pieces.")]
    pieces: int
    equity: Annotated[list[tuple[int, float]], Field(description="Time in milliseconds since 1970 UTC, dollars.")]
    buy_and_hold: Annotated[
        list[float | None],
        Field(description="At the same times, the start capital held in the market; null before it is invested."),
    ] = []


class SymbolResult(_Wire):
    """What one symbol of several did."""

    symbol: str
    share: Annotated[float, Field(description="Fraction of `startCapital`.")]
    bars: int
    metrics: Annotated[
        dict[str, int | float | None],
        Field(description="The most asked for: final_equity, total_return, sharpe, max_drawdown and trades."),
    ]


def _is_absent(value: Any) -> bool:
    return not value


class Ranked(_Wire):
    """One run of a sweep."""

    rank: Annotated[int, Field(ge=1)]
    parameters: dict[str, Number]
    metrics: Annotated[
        dict[str, Number | None],
        Field(description="The metric that ranks, and a few headline ones; all are in the table."),
    ]


class Sweep(Message):
    """The runs of a sweep, best first. The table holds all of them with every metric; the message its head."""

    type: Literal["sweep"] = "sweep"
    rank_by: str
    combinations: Annotated[int, Field(description="Runs in the table.")]
    left_out: Annotated[int, Field(description="Combinations that the strategy does not accept.")]
    best: Annotated[list[Ranked], Field(description="The head of the table; see below.")]
    table_uri: Annotated[str, Field(description="Parquet: a row a run.")]


class Sample(_Wire):
    """A stretch of a walk-forward's window, and how a set of parameters did on it."""

    start: Annotated[int, Field(description="The first bar's time, in milliseconds since 1970 UTC.")]
    end: Annotated[int, Field(description="The last bar's.")]
    metric: Annotated[float | None, Field(description="The metric that ranks; null where it is undefined.")]
    total_return: float | None


class WindowOutcome(_Wire):
    """A window of a walk-forward: the parameters that were best in sample, and how they did out of it."""

    window: Annotated[int, Field(ge=1)]
    parameters: dict[str, Number]
    in_sample: Sample
    out_of_sample: Sample


class WalkForward(Message):
    """The windows of a walk-forward, in order. The table holds all of them; the message as many as fit."""

    type: Literal["walk_forward"] = "walk_forward"
    rank_by: str
    combinations: Annotated[int, Field(description="Sets of parameters to choose from.")]
    left_out: Annotated[int, Field(description="Combinations that the strategy does not accept.")]
    windows: Annotated[int, Field(description="Windows in the table.")]
    unused_bars: Annotated[int, Field(description="Bars at the end that fill no window.")]
    first: Annotated[list[WindowOutcome], Field(description="The first windows; see below.")]
    table_uri: Annotated[str, Field(description="Parquet: a row a window.")]


class Result(Message):
    """The run has ended well."""

    type: Literal["result"] = "result"
    symbol: Annotated[str, Field(description="The symbol; several are joined by commas.")]
    timeframe: str
    start: date
    end: date
    bars: int
    strategy: str
    parameters: dict[str, int | float]
    chunks: int
    replayed_bars: Annotated[int, Field(description="Bars that the fold had to run again.")]
    sequential_bars: Annotated[
        int, Field(description="Bars decided in sequence, since cash did not pay for an order.")
    ] = 0
    metrics: Annotated[
        dict[str, int | float | None],
        Field(description="As docs/metrics.md defines them; null where a metric is undefined."),
    ]
    execution_arn: str
    trades_uri: str
    equity_uri: str
    duration_seconds: float
    symbols: Annotated[
        list[SymbolResult],
        Field(exclude_if=_is_absent, description="Each symbol's own result. Only where `stock` was a list."),
    ] = []
    runs_by_symbol_uri: Annotated[
        str, Field(exclude_if=_is_absent, description="All metrics of each symbol. Only where `stock` was a list.")
    ] = ""
    equity_by_symbol_uri: Annotated[
        str, Field(exclude_if=_is_absent, description="Each symbol's own curve. Only where `stock` was a list.")
    ] = ""


class Failed(Message):
    """The run has ended without a result."""

    type: Literal["failed"] = "failed"
    stage: Annotated[
        Literal["start", "plan", "simulate", "reduce", "workflow"],
        Field(description="Where it failed; `workflow` where no step did: it was stopped, or ran out of time."),
    ]
    reason: Reason


class Error(Message):
    """A request was refused; nothing was started."""

    type: Literal["error"] = "error"
    reason: Reason


class Pong(Message):
    """The answer to a ping."""

    type: Literal["pong"] = "pong"


ServerMessage = Accepted | Planned | Progress | Partial | Sweep | WalkForward | Result | Failed | Error | Pong
_SERVER_MESSAGE: TypeAdapter[ServerMessage] = TypeAdapter(Annotated[ServerMessage, Field(discriminator="type")])


def parse_message(text: str | bytes) -> ServerMessage:
    """Parse what the server sent.

    Raises:
        ValidationError: it is no message of this version.
    """
    return _SERVER_MESSAGE.validate_json(text)


def dump(message: BaseModel) -> str:
    """Return `message` as it goes over the wire."""
    return message.model_dump_json(by_alias=True)
