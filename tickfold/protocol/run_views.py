"""What an ended run left, piece by piece: its equity curve by window, its trades and its messages by page."""

from typing import Annotated, Final, Literal, NamedTuple

from pydantic import Field

from tickfold.protocol.messages import RunEvent
from tickfold.protocol.wire import Wire

MOST_TRADES: Final = 1_000
MOST_MESSAGES: Final = 100
"""Of a page; each has 32 kB at most, and Lambda returns 6 MB at most."""


class EquityPoint(NamedTuple):
    """The account at the close of a bar, as an array: the bar's start in milliseconds since 1970 UTC, and dollars.

    `drawdown` is a fraction, 0 or less, of the highest equity since the run's start. `buyAndHold` is the start capital
    invested in the market; null before the first purchase.
    """

    time: int
    equity: float
    drawdown: float
    buy_and_hold: float | None


class EquityWindow(Wire):
    """A window of a run's equity curve.

    Thinned only if it has more bars than points were asked for: the first and the last bar, and of equal spans of bars
    between them those with the lowest and the highest equity.
    """

    run_id: str
    bars: Annotated[int, Field(ge=0, description="Bars in the window, of which these are the points.")]
    points: Annotated[
        list[EquityPoint],
        Field(
            description="Arrays: the bar's start in milliseconds since 1970 UTC, equity in dollars, drawdown (a "
            "fraction, 0 or less), buy and hold in dollars (null before the first purchase)."
        ),
    ]


class TradesPage(Wire):
    """Which page of a run's trades."""

    after: Annotated[int, Field(ge=0, le=1_000_000_000, description="The last trade that the client has.")] = 0
    limit: Annotated[int, Field(ge=1, le=MOST_TRADES, description="Maximum number of trades in the answer.")] = 100


class ClosedTrade(Wire):
    """A closed trade. Times are in milliseconds since 1970 UTC, amounts in dollars."""

    number: Annotated[int, Field(ge=1, description="1, 2, 3 … in the order of exits.")]
    symbol: Annotated[str, Field(description="The symbol; empty if the run is of several.")]
    side: Literal["long", "short"]
    quantity: float
    entry_time: int
    entry_price: float
    exit_time: int
    exit_price: float
    pnl: Annotated[float, Field(description="Profit, after commissions.")]
    trade_return: Annotated[float, Field(description="Profit as a fraction of the value at entry.")]
    commission: float
    bars: Annotated[int, Field(description="Bars from entry to exit.")]
    exit_reason: str


class Trades(Wire):
    """A page of a run's closed trades, in the order of their exits."""

    run_id: str
    total: Annotated[int, Field(ge=0, description="Trades of the run.")]
    trades: list[ClosedTrade]
    next: Annotated[int | None, Field(description="`after` of the next page; null on the last.")]


class MessagesPage(Wire):
    """Which of a run's messages."""

    after: Annotated[int, Field(ge=0, le=999_999, description="Last sequence number that the client has.")] = 0


class RunMessages(Wire):
    """A page of a run's messages, in order: the same as subscribers get over a WebSocket."""

    run_id: str
    messages: list[RunEvent]
    next: Annotated[int | None, Field(description="`after` of the next page; null if there are no more so far.")]
