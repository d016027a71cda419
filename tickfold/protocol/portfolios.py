"""Portfolios: what they hold, and the requests about them and their orders."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from tickfold.protocol.journal import AccountTerms, Fill, JournalEntry, Quote, RiskLimits
from tickfold.protocol.portfolio_orders import Order, OrderId, PlacedOrder, Price, Shares
from tickfold.protocol.quantities import Distance, number_or_text
from tickfold.protocol.symbol import Symbol
from tickfold.protocol.wire import ClientRequest, Message, Wire

PortfolioName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$", description="Letters, digits, _ and -.")]
PortfolioRef = Annotated[str, Field(min_length=1, max_length=64, description="Id of the portfolio, or its name.")]
OrderRef = Annotated[str, Field(min_length=1, max_length=64, description="Id of the order.")]
Amount = Annotated[float, Field(gt=0, le=1_000_000_000_000, description="Dollars."), BeforeValidator(number_or_text)]
Status = Literal["active", "paused", "killed"]
_PAGE = Field(ge=1, le=100, description="Rows to return at most.")


class Position(Wire):
    """Shares of a symbol; negative of a short position."""

    quantity: float
    cost: Annotated[
        float, Field(description="Dollars paid for them, before commission; negative, received, of a short position.")
    ]


class Sleeve(Wire):
    """A bot's part of a portfolio, kept in its own account."""

    symbol: str
    capital: Annotated[float, Field(description="Dollars that it was given.")]
    equity: Annotated[float, Field(description="Its cash and shares after the last bar that it has seen.")]


class PortfolioView(Wire):
    """A portfolio but for its orders. Dollars; times in milliseconds since 1970 UTC."""

    portfolio: Annotated[str, Field(description="Its id.")]
    owner: str
    name: str
    currency: Literal["USD"] = "USD"
    revision: Annotated[int, Field(ge=0, description="The number of the last entry of its journal.")] = 0
    status: Status = "active"
    reason: Annotated[str | None, Field(description="Why it is paused or killed.")] = None
    terms: AccountTerms = AccountTerms()
    limits: RiskLimits = RiskLimits()
    cash: float = 0.0
    deposits: Annotated[float, Field(description="Paid in, less what was paid out.")] = 0.0
    realised: Annotated[float, Field(description="Profit of what was closed, less all commission.")] = 0.0
    commission: Annotated[float, Field(description="Paid so far.")] = 0.0
    positions: dict[str, Position] = {}
    bots: dict[str, Sleeve] = {}
    quotes: Annotated[dict[str, Quote], Field(description="The last bar of each symbol that it holds or orders.")] = {}
    peak_equity: Annotated[float, Field(description="The most it was worth at a bar, as payments move it.")] = 0.0
    day: Annotated[int, Field(description="The day of its last bar, in days since 1970 UTC.")] = 0
    day_start_equity: Annotated[float, Field(description="What it was worth before the first bar of that day.")] = 0.0


class Portfolio(PortfolioView):
    """A portfolio as its journal leaves it: its head. `orders` are the open ones by id, `orders_placed` counts all."""

    orders: dict[str, Order] = {}
    orders_placed: int = 0
    recent_orders: Annotated[list[int], Field(description="When orders were placed within the last minute.")] = []


class PortfolioState(Message):
    """A portfolio; `sequence` is its revision."""

    type: Literal["portfolio"] = "portfolio"
    portfolio: PortfolioView
    equity: Annotated[float, Field(description="Cash, positions at their last close, and the bots' equity.")]
    unrealised: Annotated[float, Field(description="Profit of the positions at their last close.")]
    available: Annotated[float, Field(description="Dollars that an order may use to open a position.")]


class PortfolioSummary(Wire):
    """A portfolio in a list."""

    portfolio: str
    name: str
    status: Status
    equity: float
    cash: float
    positions: int
    open_orders: int
    bots: int


class Portfolios(Message):
    """The user's portfolios, by name."""

    type: Literal["portfolios"] = "portfolios"
    portfolios: list[PortfolioSummary]


class OrderState(Message):
    """An order after the request."""

    type: Literal["order"] = "order"
    portfolio: str
    order: Order


class OrdersState(Message):
    """Orders of a portfolio, the latest first. Of open ones `sequence` is the portfolio's revision."""

    type: Literal["orders"] = "orders"
    portfolio: str
    orders: list[Order]
    next: Annotated[int | None, Field(description="`before` of the request for the next page; null on the last.")] = (
        None
    )


class PositionView(Position):
    """A position at its symbol's last close. Dollars."""

    symbol: str
    close: Annotated[float, Field(description="The last close of the symbol that the portfolio has seen.")]
    value: Annotated[float, Field(description="The shares at that close; negative of a short position.")]
    unrealised: Annotated[float, Field(description="Profit at that close, commission of the entries excluded.")]


class Positions(Wire):
    """The positions of a portfolio, by symbol; those of its bots are in their own accounts."""

    portfolio: str
    revision: Annotated[int, Field(ge=0, description="The number of the last entry of its journal.")]
    positions: list[PositionView]


class Trade(Fill):
    """A fill with its id: the number of its journal entry, and its place among the entry's events."""

    trade_id: str


class TradesState(Message):
    """Fills of a portfolio, the latest first."""

    type: Literal["trades"] = "trades"
    portfolio: str
    trades: list[Trade]
    next: Annotated[int | None, Field(description="`before` of the request for the next page; null on the last.")] = (
        None
    )


class JournalPage(Message):
    """Entries of a journal in order."""

    type: Literal["journal"] = "journal"
    portfolio: str
    entries: list[JournalEntry]
    next: Annotated[int | None, Field(description="`after` of the request for the next page; null on the last.")] = None


class _PortfolioRequest(ClientRequest):
    portfolio: PortfolioRef


class NewPortfolio(Wire):
    """The terms of a portfolio that is created."""

    name: PortfolioName
    cash: Annotated[
        float, Field(ge=0, le=1_000_000_000_000, description="Dollars to begin with."), BeforeValidator(number_or_text)
    ] = 0.0
    terms: AccountTerms = AccountTerms()
    limits: RiskLimits = RiskLimits()


class CreatePortfolio(NewPortfolio, ClientRequest):
    """Create a portfolio. Idempotent by name: the same again returns it. Reply: `portfolio`."""

    type: Literal["create_portfolio"] = "create_portfolio"


class ListPortfolios(ClientRequest):
    """List the user's portfolios. Reply: `portfolios`."""

    type: Literal["list_portfolios"] = "list_portfolios"


class GetPortfolio(_PortfolioRequest):
    """Get a portfolio. Reply: `portfolio`."""

    type: Literal["get_portfolio"] = "get_portfolio"


class Payment(Wire):
    """Dollars that are paid in or out."""

    amount: Amount
    key: Annotated[OrderId, Field(description="The client's own; the same again pays nothing twice.")]


class DepositCash(Payment, _PortfolioRequest):
    """Pay dollars in. Idempotent by key. Reply: `portfolio`."""

    type: Literal["deposit"] = "deposit"


class WithdrawCash(Payment, _PortfolioRequest):
    """Pay dollars out. Idempotent by key. Reply: `portfolio`."""

    type: Literal["withdraw"] = "withdraw"


class NewOrder(Wire):
    """An order that is placed, under the client's own id of it."""

    order_id: Annotated[OrderId, Field(description="The client's own id of the order.")]
    order: PlacedOrder


class PlaceOrder(NewOrder, _PortfolioRequest):
    """Place an order. Idempotent by `orderId`: the same order again returns it. Reply: `order`.

    It fills on paper in the next bars, by the rules of backtests.
    """

    type: Literal["place_order"] = "place_order"


class NewOrderTerms(Wire):
    """What is changed of an open order; what is left out stays."""

    quantity: Shares | None = None
    limit: Price | None = None
    stop: Price | None = None
    trail: Distance | None = None

    @model_validator(mode="after")
    def _check_any(self) -> Self:
        if self.quantity is None and self.limit is None and self.stop is None and self.trail is None:
            raise ValueError("nothing to change: give quantity, limit, stop or trail")
        return self


class ChangeOrder(NewOrderTerms, _PortfolioRequest):
    """Change the quantity or the prices of an open order; what is left out stays. Reply: `order`."""

    type: Literal["change_order"] = "change_order"
    order_id: OrderRef


class CancelOrder(_PortfolioRequest):
    """Cancel an open order, and the exits of its bracket unless it has filled. Idempotent. Reply: `order`."""

    type: Literal["cancel_order"] = "cancel_order"
    order_id: OrderRef


class OrdersToCancel(Wire):
    """Which open orders are cancelled."""

    symbol: Annotated[Symbol | None, Field(description="Only those of this symbol.")] = None


class CancelOrders(OrdersToCancel, _PortfolioRequest):
    """Cancel all open orders, or those of a symbol. Idempotent. Reply: `orders`, those that are left."""

    type: Literal["cancel_orders"] = "cancel_orders"


class ClosingOrder(Wire):
    """The order that closes a position."""

    order_id: Annotated[OrderId, Field(description="The client's own id of the order that closes it.")]


class ClosePosition(ClosingOrder, _PortfolioRequest):
    """Cancel the orders of a symbol, and close its position at the market. Idempotent by `orderId`. Reply: `order`."""

    type: Literal["close_position"] = "close_position"
    symbol: Symbol


class Flatten(_PortfolioRequest):
    """Cancel all orders, and close all positions at the market. Reply: `orders`, those that close them."""

    type: Literal["flatten"] = "flatten"


class OrdersPage(Wire):
    """Which page of a portfolio's orders, the latest first."""

    ended: Annotated[bool, Field(description="Whether those that have ended are listed too.")] = False
    before: Annotated[int | None, Field(ge=1, description="`next` of the previous reply.")] = None
    limit: Annotated[int, _PAGE] = 50


class ListOrders(OrdersPage, _PortfolioRequest):
    """List the open orders, or with `ended` all, the latest first. Reply: `orders`."""

    type: Literal["list_orders"] = "list_orders"


class FillsPage(Wire):
    """Which page of a portfolio's fills, the latest first."""

    before: Annotated[int | None, Field(ge=1, description="`next` of the previous reply.")] = None
    limit: Annotated[int, _PAGE] = 50


class ListTrades(FillsPage, _PortfolioRequest):
    """List the fills, the latest first. Reply: `trades`."""

    type: Literal["list_trades"] = "list_trades"


class EntriesPage(Wire):
    """Which page of a journal, in order."""

    after: Annotated[int, Field(ge=0, description="The number of the last entry that the client has.")] = 0
    limit: Annotated[int, _PAGE] = 50


class GetJournal(EntriesPage, _PortfolioRequest):
    """Get entries of the journal, in order. Reply: `journal`."""

    type: Literal["get_journal"] = "get_journal"


class NewLimits(Wire):
    """All limits of a portfolio."""

    limits: RiskLimits


class SetRiskLimits(NewLimits, _PortfolioRequest):
    """Set all limits of a portfolio; those that are left out are removed. Reply: `portfolio`."""

    type: Literal["set_risk_limits"] = "set_risk_limits"


class KillTerms(Wire):
    """Why all trading is stopped, and whether positions are closed."""

    reason: Annotated[str, Field(max_length=200)] = "stopped by hand"
    flatten: Annotated[bool, Field(description="Whether all positions are closed at the market, too.")] = False


class Kill(KillTerms, _PortfolioRequest):
    """Stop all trading of a portfolio at once: cancel its orders, and take none that opens. Reply: `portfolio`."""

    type: Literal["kill"] = "kill"


class Lift(_PortfolioRequest):
    """Let a portfolio trade again that is paused or killed. Idempotent. Reply: `portfolio`."""

    type: Literal["lift"] = "lift"
