"""What the server sends: the messages of a run, in order, and the answers to requests.

A run's messages carry its id and a sequence number. Amounts are dollars, ratios fractions (0.21, not 21), dates are UTC
days, times milliseconds since 1970 UTC.
"""

from datetime import date
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, TypeAdapter

from tickfold.errors import ErrorCode
from tickfold.protocol.config import Config, Number
from tickfold.protocol.requests import Topic
from tickfold.protocol.wire import VERSION, CorrelationId, PortfolioId, Wire

LONGEST_REASON = 2_000
HEADLINE_METRICS = ("final_equity", "total_return", "sharpe", "max_drawdown", "trades")
"""The metrics that a message carries where it has no room for all of them (fields of `Metrics`)."""
_HEADLINES = f"{', '.join(HEADLINE_METRICS[:-1])} and {HEADLINE_METRICS[-1]}"
MOST_IGNORED = 20
LONGEST_IGNORED = 80


def _shortened(reason: str) -> str:
    return reason if len(reason) <= LONGEST_REASON else reason[: LONGEST_REASON - 1] + "…"


def _first_few(names: list[str]) -> list[str]:
    return [name[:LONGEST_IGNORED] for name in names[:MOST_IGNORED]]


def _is_absent(value: Any) -> bool:
    return not value


Reason = Annotated[str, AfterValidator(_shortened), Field(description="What was wrong, and what would be right.")]


class Message(Wire):
    """What every message to the client has: the run it belongs to, and its place among the run's messages."""

    version: Literal[1] = VERSION
    run_id: Annotated[str | None, Field(description="The run; null where there is none.")] = None
    sequence: Annotated[int, Field(ge=0, description="1, 2, 3 … in each run; 0 in an answer that is none of them.")] = 0
    correlation_id: Annotated[
        CorrelationId | None,
        Field(exclude_if=_is_absent, description="The request's. Only in the answer to one that had one."),
    ] = None


# --- of a run, in order ----------------------------------------------------------------------------------------------


class Accepted(Message):
    """The run was started. It is the answer to a start, and the first message of the run."""

    type: Literal["accepted"] = "accepted"
    execution_arn: str
    config: Config
    portfolio: Annotated[
        PortfolioId | None, Field(exclude_if=_is_absent, description="Only where the request named one.")
    ] = None
    ignored: Annotated[
        list[str],
        AfterValidator(_first_few),
        Field(
            exclude_if=_is_absent,
            description=f"Fields of the request that nobody knows, {MOST_IGNORED} at most. Only where there are any.",
        ),
    ] = []


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


class SymbolResult(Wire):
    """What one symbol of several did."""

    symbol: str
    share: Annotated[float, Field(description="Fraction of `startCapital`.")]
    bars: int
    metrics: Annotated[
        dict[str, int | float | None],
        Field(description=f"The most asked for: {_HEADLINES}."),
    ]


class Ranked(Wire):
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


class Sample(Wire):
    """A stretch of a walk-forward's window, and how a set of parameters did on it."""

    start: Annotated[int, Field(description="The first bar's time, in milliseconds since 1970 UTC.")]
    end: Annotated[int, Field(description="The last bar's.")]
    metric: Annotated[float | None, Field(description="The metric that ranks; null where it is undefined.")]
    total_return: float | None


class WindowOutcome(Wire):
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


Stage = Literal["start", "plan", "simulate", "reduce", "workflow"]


class Failed(Message):
    """The run has ended without a result."""

    type: Literal["failed"] = "failed"
    stage: Annotated[
        Stage,
        Field(description="Where it failed; `workflow` where no step did: it was stopped, or ran out of time."),
    ]
    reason: Reason


class Cancelled(Message):
    """The run has ended without a result, since its owner cancelled it."""

    type: Literal["cancelled"] = "cancelled"


class Reopened(Message):
    """The execution of a run that had failed was redriven: the run goes on."""

    type: Literal["reopened"] = "reopened"


# --- answers ---------------------------------------------------------------------------------------------------------

Status = Literal["running", "succeeded", "failed", "cancelled"]


class Resumed(Message):
    """The connection is subscribed to the run; the messages that it asked for follow."""

    type: Literal["resumed"] = "resumed"
    status: Status
    last_sequence: Annotated[int, Field(description="Of the run's messages so far.")]


class RunSummary(Wire):
    """A run in a list."""

    run_id: str
    status: Status
    created_at: Annotated[int, Field(description="When it was started, in milliseconds since 1970 UTC.")]
    stock: Annotated[str, Field(description="The symbol, or the first of several and how many more.")]
    strategy: str
    start_date: date
    end_date: date
    sweep: Annotated[bool, Field(description="Whether it is a sweep.")]
    portfolio: str | None = None
    chunks_done: int
    chunks: Annotated[int, Field(description="0 as long as it is not planned.")]
    metrics: Annotated[
        dict[str, Number | None],
        Field(description=f"{_HEADLINES}, once it has succeeded."),
    ] = {}


class Runs(Message):
    """The user's runs, newest first."""

    type: Literal["runs"] = "runs"
    runs: list[RunSummary]
    next: Annotated[str | None, Field(description="What `before` must be for older runs; null where there are none.")]


class Subscribed(Message):
    """Messages about the topic are sent to the connection from now on."""

    type: Literal["subscribed"] = "subscribed"
    topic: Topic
    id: str


class Unsubscribed(Message):
    """They no longer are."""

    type: Literal["unsubscribed"] = "unsubscribed"
    topic: Topic
    id: str


class IdentityMessage(Message):
    """Who the connection's token says that the user is."""

    type: Literal["identity"] = "identity"
    user_id: str
    portfolios: list[str]
    expires_at: Annotated[int, Field(description="When the token expires, in milliseconds since 1970 UTC.")]
    connection_id: str


class Error(Message):
    """A request was refused; nothing was started or changed."""

    type: Literal["error"] = "error"
    code: Annotated[ErrorCode, Field(description="The kind of refusal, for programs; see below.")] = "invalid"
    reason: Reason


class Pong(Message):
    """The answer to a ping."""

    type: Literal["pong"] = "pong"


RunEvent = Accepted | Planned | Progress | Partial | Sweep | WalkForward | Result | Failed | Cancelled | Reopened
Final = Result | Failed | Cancelled
"""What a run ends with; only `reopened` may follow a `failed`."""
Answer = Resumed | Runs | Subscribed | Unsubscribed | IdentityMessage | Error | Pong
ServerMessage = RunEvent | Answer
MESSAGES: tuple[type[Message], ...] = get_args(ServerMessage)
_SERVER_MESSAGE: TypeAdapter[ServerMessage] = TypeAdapter(Annotated[ServerMessage, Field(discriminator="type")])


def parse_message(text: str | bytes) -> ServerMessage:
    """Parse what the server sent.

    Raises:
        ValidationError: it is no message of this version.
    """
    return _SERVER_MESSAGE.validate_json(text)
