"""Backtests: the requests that start, stop, follow and list runs, and the messages of a run in their order."""

from datetime import date
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from tickfold.engine.accounting.cause import Cause
from tickfold.protocol.backtest_config import BacktestConfig
from tickfold.protocol.config import Config
from tickfold.protocol.formats import counted
from tickfold.protocol.metrics import HEADLINE_METRICS
from tickfold.protocol.parameters import Number
from tickfold.protocol.wire import ClientRequest, Message, PortfolioId, Reason, RunId, Wire, is_absent, is_one

_HEADLINES = f"{', '.join(HEADLINE_METRICS[:-1])} and {HEADLINE_METRICS[-1]}"
PRICES: Final = {
    "raw": "as traded",
    "splits": "adjusted for splits",
    "all": "adjusted for splits and dividends",
    "as_loaded": "as loaded",
    "mixed": "not adjusted alike",
}
"""What prices are adjusted for, in words."""
MOST_IGNORED = 20
LONGEST_IGNORED = 80

Stage = Literal["start", "plan", "simulate", "reduce", "workflow"]
Status = Literal["running", "succeeded", "failed", "cancelled"]


# --- requests --------------------------------------------------------------------------------------------------------


class Start(ClientRequest):
    """The fields of a request that starts a run."""

    mode: Annotated[Literal["cloud"], Field(description="Where to run.")] = "cloud"
    key: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9_-]{1,64}$",
            description="Idempotency key, unique per user. The same request with the same key within two days starts "
            "no second run; the messages of the first are sent again.",
        ),
    ] = None
    portfolio: Annotated[
        PortfolioId | None,
        Field(description="One of the user's portfolios. Other users of that portfolio may follow the run."),
    ] = None


class StartBacktest(Start):
    """Start a run and subscribe the connection to it. Reply: `accepted`; the run's other messages follow."""

    type: Literal["start_backtest"] = "start_backtest"
    config: BacktestConfig


class Cancel(ClientRequest):
    """Stop one of the user's runs. Reply: `cancelled`, which every subscriber of the run gets."""

    type: Literal["cancel"] = "cancel"
    run_id: RunId


class Resume(ClientRequest):
    """Subscribe to a run and get its messages after `after`. Reply: `resumed`, followed by those messages."""

    type: Literal["resume"] = "resume"
    run_id: RunId
    after: Annotated[int, Field(ge=0, le=999_999, description="Last sequence number that the client has.")] = 0


class RunsPage(Wire):
    """Which page of the user's runs, newest first."""

    limit: Annotated[int, Field(ge=1, le=50, description="Maximum number of runs in the reply.")] = 20
    before: Annotated[
        str | None,
        Field(
            pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}\+00:00$",
            description="`next` of the previous reply, to get the following page.",
        ),
    ] = None


class ListRuns(RunsPage, ClientRequest):
    """List the user's runs, newest first. Reply: `runs`."""

    type: Literal["list_runs"] = "list_runs"


class GetResult(ClientRequest):
    """Get the last message of a run that has ended. Reply: `result`, `failed` or `cancelled`."""

    type: Literal["get_result"] = "get_result"
    run_id: RunId


# --- messages of a run, in order -------------------------------------------------------------------------------------


def _first_few(names: list[str]) -> list[str]:
    return [name[:LONGEST_IGNORED] for name in names[:MOST_IGNORED]]


class Accepted(Message):
    """The run was started. The reply to the request, and the first message of the run."""

    type: Literal["accepted"] = "accepted"
    execution_arn: str
    config: Config
    portfolio: Annotated[
        PortfolioId | None, Field(exclude_if=is_absent, description="Only if the request named one.")
    ] = None
    ignored: Annotated[
        list[str],
        AfterValidator(_first_few),
        Field(
            exclude_if=is_absent,
            description=f"Unknown fields of the request, {MOST_IGNORED} at most. Only if there are any.",
        ),
    ] = []


class Fetching(Message):
    """How far the fetch of a symbol's missing bars is. Sent before `planned`, and only if bars are missing."""

    type: Literal["fetching"] = "fetching"
    symbol: str
    timeframe: str
    bars: Annotated[int, Field(description="Bars stored so far.")]
    pieces_done: int
    pieces: Annotated[
        int,
        Field(description="What was missing, in pieces. After some minutes a fetch begins to count anew what is left."),
    ]


class Planned(Message):
    """The date range was split into chunks."""

    type: Literal["planned"] = "planned"
    symbol: Annotated[str, Field(description="The symbol; several are joined by commas.")]
    timeframe: str
    bars: int
    chunks: int
    combinations: Annotated[int, Field(description="Parameter sets with which each chunk is simulated.")] = 1


class Progress(Message):
    """The number of chunks simulated so far."""

    type: Literal["progress"] = "progress"
    chunks_done: int
    chunks: int


class Partial(Message):
    """A piece of the equity curve. Pieces are sent in order; long curves are thinned, the Parquet file has all points.

    Pieces are numbered from 1.
    """

    type: Literal["partial"] = "partial"
    piece: Annotated[int, Field(ge=1, description="1 … pieces.")]
    pieces: int
    equity: Annotated[list[tuple[int, float]], Field(description="Pairs: milliseconds since 1970 UTC, dollars.")]
    buy_and_hold: Annotated[
        list[float | None],
        Field(
            description="At the same times, the value of the start capital invested in the market; null before the "
            "first purchase."
        ),
    ] = []


class NoTrades(Wire):
    """Why a run has no trades: the first cause that holds, in the order in which a trade comes about."""

    cause: Annotated[
        Cause,
        Field(
            description="`no_volume`: no bar has volume, and the strategy needs it. `warm_up`: the strategy looks back "
            "over more bars than there are. `no_signal`: no signal to enter. `last_bar`: the first came at the last "
            "bar. `unfilled`: no limit order was reached. `volatility`: none could be measured for the size. `size`: "
            "less than one share. `cash`: the cash does not pay for one share, or for the commission."
        ),
    ]
    reason: Annotated[Reason, Field(description="In words, with prices and numbers of bars.")]


NoTradesCause = Annotated[
    Cause | None, Field(exclude_if=is_absent, description="Why there are no trades: a cause of `noTrades`.")
]


class SymbolResult(Wire):
    """The result of one symbol of a universe."""

    symbol: str
    share: Annotated[float, Field(description="Fraction of `startCapital`.")]
    bars: int
    metrics: Annotated[
        dict[str, int | float | None],
        Field(description=f"Headline metrics: {_HEADLINES}."),
    ]
    no_trades: NoTradesCause = None


class Result(Message):
    """The run succeeded."""

    type: Literal["result"] = "result"
    symbol: Annotated[str, Field(description="The symbol; several are joined by commas.")]
    timeframe: str
    start: date
    end: date
    bars: int
    strategy: str
    parameters: dict[str, int | float]
    chunks: int
    replayed_bars: Annotated[int, Field(description="Bars that the fold simulated again.")]
    sequential_bars: Annotated[
        int, Field(description="Bars simulated in sequence because the cash did not pay for an order.")
    ] = 0
    metrics: Annotated[
        dict[str, int | float | None],
        Field(description="All metrics of docs/reference/metrics.md; null if a metric is undefined."),
    ]
    no_trades: Annotated[
        NoTrades | None,
        Field(exclude_if=is_absent, description="Why there are no trades. Only if no position was opened."),
    ] = None
    sessions: Annotated[
        str,
        Field(
            exclude_if=is_absent,
            description="The session calendar, such as `weekdays, Asia/Tokyo`. Only if all symbols have the same.",
        ),
    ] = ""
    adjustment: Annotated[
        str,
        Field(
            exclude_if=is_absent,
            description="What prices are adjusted for: `all` (splits and dividends), `splits`, `raw`, `as_loaded` if "
            "nobody knows, or `mixed` if it is not the same of all symbols.",
        ),
    ] = ""
    splits: Annotated[
        int, Field(exclude_if=is_absent, description="Splits that raw prices were adjusted for. Only if any.")
    ] = 0
    dividends: Annotated[
        int, Field(exclude_if=is_absent, description="Dividends that raw prices were adjusted for. Only if any.")
    ] = 0
    execution_arn: str
    trades_uri: Annotated[str, Field(description="The trades, as Parquet; of a long run, the first of `parts` files.")]
    equity_uri: Annotated[str, Field(description="The equity curve, as `tradesUri`.")]
    parts: Annotated[
        int,
        Field(
            exclude_if=is_one,
            description="Files that trades and curve are in: `trades.parquet`, `trades-00001.parquet`, and so on. Only "
            "if there are several.",
        ),
    ] = 1
    duration_seconds: float
    symbols: Annotated[
        list[SymbolResult],
        Field(exclude_if=is_absent, description="Each symbol's own result. Only if `stock` was a list."),
    ] = []
    runs_by_symbol_uri: Annotated[
        str, Field(exclude_if=is_absent, description="All metrics of each symbol. Only if `stock` was a list.")
    ] = ""
    equity_by_symbol_uri: Annotated[
        str, Field(exclude_if=is_absent, description="Each symbol's equity curve. Only if `stock` was a list.")
    ] = ""

    @property
    def prices(self) -> str:
        """What prices are adjusted for, in words; "" of a run that was made before results said so."""
        if self.splits or self.dividends:
            return f"adjusted for {counted(self.splits, 'split')} and {counted(self.dividends, 'dividend')}"
        return PRICES.get(self.adjustment, "")

    def all_parts(self, first_uri: str) -> list[str]:
        """Return the URIs of all parts of the trades or the equity curve, of which `first_uri` is the first."""
        name = first_uri.removesuffix(".parquet")
        return [first_uri, *(f"{name}-{part:05d}.parquet" for part in range(1, self.parts))]


class Failed(Message):
    """The run failed."""

    type: Literal["failed"] = "failed"
    stage: Annotated[
        Stage,
        Field(description="The step that failed; `workflow` if the execution itself was stopped or timed out."),
    ]
    reason: Reason


class Cancelled(Message):
    """The run was cancelled by its owner."""

    type: Literal["cancelled"] = "cancelled"


class Reopened(Message):
    """A failed run was redriven and is running again."""

    type: Literal["reopened"] = "reopened"


# --- replies about runs ----------------------------------------------------------------------------------------------


class Resumed(Message):
    """The connection is subscribed to the run; the requested messages follow."""

    type: Literal["resumed"] = "resumed"
    status: Status
    last_sequence: Annotated[int, Field(description="Highest sequence number of the run so far.")]


class RunSummary(Wire):
    """One run in `runs`."""

    run_id: str
    status: Status
    created_at: Annotated[int, Field(description="Start time, in milliseconds since 1970 UTC.")]
    stock: Annotated[str, Field(description="The symbol; for several the first, and how many more there are.")]
    strategy: str
    start_date: date
    end_date: date
    sweep: Annotated[bool, Field(description="Whether the run is a sweep.")]
    portfolio: str | None = None
    chunks_done: Annotated[int, Field(description="As of the last `progress` message.")]
    chunks: Annotated[int, Field(description="0 until the run is planned.")]
    metrics: Annotated[
        dict[str, Number | None],
        Field(description=f"Headline metrics of a run that succeeded: {_HEADLINES}."),
    ] = {}
    no_trades: NoTradesCause = None


class Runs(Message):
    """The user's runs, newest first."""

    type: Literal["runs"] = "runs"
    runs: list[RunSummary]
    next: Annotated[str | None, Field(description="`before` of the request for the next page; null on the last.")]
