"""The journal of a portfolio: everything that has changed it, in order. The portfolio is what follows from it.

An entry is what one step has done, all or nothing; its number is the portfolio's revision after it. Its events apply
in their order.
"""

from typing import Annotated, Final, Literal, get_args

from pydantic import Field

from tickfold.protocol.costs import CostTerms
from tickfold.protocol.portfolio_orders import Order, OrderSide
from tickfold.protocol.quantities import Dollars, Fraction, Share
from tickfold.protocol.symbol import Symbol
from tickfold.protocol.wire import Message, Wire, is_unset

TRADER: Final = "trader"
"""Who has written an entry that no user caused."""
Milliseconds = Annotated[int, Field(ge=0, description="Milliseconds since 1970 UTC.")]
LimitKind = Literal["daily_loss", "drawdown", "equity"]


class AccountTerms(CostTerms):
    """What trading costs in a portfolio, and how its orders fill."""

    fractional_shares: Annotated[bool, Field(description="Whether quantities need not be whole.")] = False
    participation: Annotated[
        Share | None,
        Field(
            description="The share of a bar's volume that the portfolio's orders fill at most; what is left fills in "
            "later bars. Null: orders fill whole."
        ),
    ] = None


class RiskLimits(Wire):
    """The limits of a portfolio. Null: none. Amounts are dollars, losses fractions."""

    order: Annotated[Dollars | None, Field(description="Largest value of an order.")] = None
    position: Annotated[Dollars | None, Field(description="Largest value of a position, long or short.")] = None
    exposure: Annotated[
        Dollars | None, Field(description="Largest value of all positions together, long and short.")
    ] = None
    daily_loss: Annotated[
        Fraction | None, Field(description="Loss since the day's start at which the portfolio is paused.")
    ] = None
    drawdown: Annotated[
        Fraction | None, Field(description="Loss from the highest equity at which the portfolio is paused.")
    ] = None
    symbols: Annotated[
        list[Symbol] | None, Field(max_length=200, description="The only symbols that may be traded.")
    ] = None
    hours: Annotated[
        tuple[str, str] | None,
        Field(description='From when to when, UTC, orders may be placed: ["14:30", "20:45"].'),
    ] = None
    orders_a_minute: Annotated[int | None, Field(ge=1, le=600, description="Most orders placed within a minute.")] = (
        None
    )


class BotLimits(Wire):
    """The limits of a bot. Null: none. Amounts are dollars, losses fractions. A breach pauses it; its exits go on."""

    position: Annotated[
        Dollars | None, Field(description="Largest value of a position as it is opened; a larger one is not.")
    ] = None
    daily_loss: Annotated[Fraction | None, Field(description="Loss since the day's start (UTC).")] = None
    drawdown: Annotated[Fraction | None, Field(description="Loss from the highest equity.")] = None
    hours: Annotated[
        tuple[str, str] | None,
        Field(
            description='From when to when, UTC, it may order to open a position: ["14:30", "20:45"]. That is no '
            "breach: it closes whenever its strategy says so, and opens within the hours."
        ),
    ] = None


class Quote(Wire):
    """The last bar of a symbol that the portfolio has seen."""

    time: Annotated[int, Field(description="Its start, in milliseconds since 1970 UTC.")]
    number: Annotated[int, Field(ge=0, description="Its number among the symbol's bars.")]
    close: float


class Opened(Wire):
    """The portfolio was created."""

    type: Literal["opened"] = "opened"
    portfolio: str
    owner: str
    name: str
    terms: AccountTerms
    limits: RiskLimits


class Deposit(Wire):
    """Dollars were paid in."""

    type: Literal["deposit"] = "deposit"
    amount: float


class Withdrawal(Wire):
    """Dollars were paid out."""

    type: Literal["withdrawal"] = "withdrawal"
    amount: float


class OrderPlaced(Wire):
    """An order was placed. `quote` is the symbol's last bar then."""

    type: Literal["order_placed"] = "order_placed"
    order: Order
    quote: Quote


class OrderChanged(Wire):
    """An open order got other terms; those that are left out stay."""

    type: Literal["order_changed"] = "order_changed"
    order_id: str
    quantity: Annotated[float | None, Field(exclude_if=is_unset)] = None
    limit: Annotated[float | None, Field(exclude_if=is_unset)] = None
    stop: Annotated[float | None, Field(exclude_if=is_unset)] = None
    trail: Annotated[float | None, Field(exclude_if=is_unset)] = None


class OrderTriggered(Wire):
    """The price of a stop was reached, and nothing has filled yet."""

    type: Literal["order_triggered"] = "order_triggered"
    order_id: str


class Fill(Wire):
    """Shares of an order were bought or sold.

    `price` is what was paid or received, `marketPrice` what the bar says, before spread and slippage. A fill opens or
    closes a position, never both: an order that turns one has two. `inside` says that it came after the bar's open.
    """

    type: Literal["fill"] = "fill"
    order_id: str
    symbol: str
    side: OrderSide
    quantity: float
    price: float
    market_price: float
    commission: float
    realised: Annotated[float, Field(description="Profit of what was closed, before commission.")] = 0.0
    time: Milliseconds
    inside: bool = False


class OrderCancelled(Wire):
    """An order was cancelled; what had filled of it stays."""

    type: Literal["order_cancelled"] = "order_cancelled"
    order_id: str
    reason: str


class OrderExpired(Wire):
    """A `day` order ended with its session."""

    type: Literal["order_expired"] = "order_expired"
    order_id: str


class OrderRejected(Wire):
    """An order could not fill."""

    type: Literal["order_rejected"] = "order_rejected"
    order_id: str
    reason: str


class BarSeen(Wire):
    """A bar of a symbol was seen, after all that it filled. `bots` has the equity of each bot that stepped on it."""

    type: Literal["bar"] = "bar"
    symbol: str
    time: Milliseconds
    number: int
    high: float
    low: float
    close: float
    bots: Annotated[dict[str, float], Field(exclude_if=lambda value: not value)] = {}


class Allocated(Wire):
    """Dollars of the cash became a bot's capital."""

    type: Literal["allocation"] = "allocation"
    bot: str
    symbol: str
    amount: float


class AllocationReturned(Wire):
    """A bot was stopped, and its cash came back."""

    type: Literal["allocation_returned"] = "allocation_returned"
    bot: str
    amount: float


class PositionKept(Wire):
    """A bot was stopped, and its open position and its cash became the portfolio's own."""

    type: Literal["position_kept"] = "position_kept"
    bot: str
    symbol: str
    quantity: Annotated[float, Field(description="Shares; negative of a short position.")]
    price: Annotated[float, Field(description="What they were bought or sold for, a share.")]
    cash: float


class BotStep(Wire):
    """A bot did something that is told: a fill, or another state.

    An `entry` opens a position, an `exit` closes it; the exit's commission is that of both, as a trade's. A bot that
    has `caught_up` has stepped bars which the portfolio had seen before.
    """

    type: Literal["bot_step"] = "bot_step"
    bot: str
    symbol: str
    time: Annotated[int, Field(ge=0, description="The bar's start, in milliseconds since 1970 UTC.")]
    what: Literal[
        "started", "entry", "exit", "paused", "resumed", "adopted", "limits_set", "stopping", "stopped", "caught_up"
    ]
    side: Annotated[OrderSide | None, Field(exclude_if=is_unset)] = None
    quantity: Annotated[float | None, Field(exclude_if=is_unset)] = None
    price: Annotated[float | None, Field(exclude_if=is_unset)] = None
    commission: Annotated[float | None, Field(exclude_if=is_unset)] = None
    equity: Annotated[float | None, Field(exclude_if=is_unset)] = None
    reason: Annotated[str | None, Field(exclude_if=is_unset, description="Why it closed, or why it is paused.")] = None
    limits: Annotated[BotLimits | None, Field(exclude_if=is_unset, description="Those that a person set.")] = None


class LimitsSet(Wire):
    """A person set the limits."""

    type: Literal["limits_set"] = "limits_set"
    limits: RiskLimits


class LimitBreached(Wire):
    """A limit was breached: the portfolio is paused until a person lifts that."""

    type: Literal["limit_breached"] = "limit_breached"
    limit: LimitKind
    reason: str


class Killed(Wire):
    """A person stopped all trading."""

    type: Literal["killed"] = "killed"
    reason: str


class Lifted(Wire):
    """A person lets the portfolio trade again. Losses count from here on."""

    type: Literal["lifted"] = "lifted"


_Event = (
    Opened
    | Deposit
    | Withdrawal
    | OrderPlaced
    | OrderChanged
    | OrderTriggered
    | Fill
    | OrderCancelled
    | OrderExpired
    | OrderRejected
    | BarSeen
    | Allocated
    | AllocationReturned
    | PositionKept
    | BotStep
    | LimitsSet
    | LimitBreached
    | Killed
    | Lifted
)
EVENTS: tuple[type[Wire], ...] = get_args(_Event)
JournalEvent = Annotated[_Event, Field(discriminator="type")]


class JournalEntry(Message):
    """An entry of a portfolio's journal; `sequence` is its number, and the portfolio's revision after it."""

    type: Literal["journal_entry"] = "journal_entry"
    portfolio: str
    time: Annotated[int, Field(description="When it was written, in milliseconds since 1970 UTC.")]
    by: Annotated[str, Field(description="The user who caused it, or `trader`.")]
    events: list[JournalEvent]
