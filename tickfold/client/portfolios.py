"""The client's methods of portfolios and their orders."""

import uuid
from collections.abc import AsyncIterator

from tickfold.client.answers import expect
from tickfold.client.session import Session
from tickfold.protocol import (
    AccountTerms,
    CancelOrder,
    CancelOrders,
    ChangeOrder,
    ClosePosition,
    CreatePortfolio,
    DepositCash,
    Flatten,
    GetJournal,
    GetPortfolio,
    JournalEntry,
    JournalPage,
    Kill,
    Lift,
    ListOrders,
    ListPortfolios,
    ListTrades,
    Order,
    OrdersState,
    OrderState,
    PlacedOrder,
    PlaceOrder,
    PortfolioChange,
    Portfolios,
    PortfolioState,
    PortfolioSummary,
    RiskLimits,
    SetRiskLimits,
    Trade,
    TradesState,
    WithdrawCash,
)
from tickfold.protocol.requests import OrderChange


class PortfolioClient:
    """Portfolios and their orders. A portfolio is named by its id or by its owner's name for it.

    Whatever changes something is idempotent: what is sent again after a lost connection is done once.
    """

    def __init__(self, session: Session) -> None:
        """Send requests over `session`."""
        self._session = session

    async def create_portfolio(
        self,
        name: str,
        cash: float = 0.0,
        terms: AccountTerms | None = None,
        limits: RiskLimits | None = None,
    ) -> PortfolioState:
        """Create a portfolio; the same again returns it."""
        return await self._changed(
            CreatePortfolio(name=name, cash=cash, terms=terms or AccountTerms(), limits=limits or RiskLimits())
        )

    async def list_portfolios(self) -> list[PortfolioSummary]:
        """Return the user's portfolios, by name."""
        return expect(Portfolios, await self._session.ask(ListPortfolios())).portfolios

    async def get_portfolio(self, portfolio: str) -> PortfolioState:
        """Return a portfolio as it is now."""
        return expect(PortfolioState, await self._session.ask(GetPortfolio(portfolio=portfolio)))

    async def deposit(self, portfolio: str, amount: float, key: str | None = None) -> PortfolioState:
        """Pay dollars in; once, whatever is sent again under the same key."""
        return await self._changed(DepositCash(portfolio=portfolio, amount=amount, key=key or _new_id()))

    async def withdraw(self, portfolio: str, amount: float, key: str | None = None) -> PortfolioState:
        """Pay dollars out; once, whatever is sent again under the same key."""
        return await self._changed(WithdrawCash(portfolio=portfolio, amount=amount, key=key or _new_id()))

    async def set_risk_limits(self, portfolio: str, limits: RiskLimits) -> PortfolioState:
        """Set all limits of a portfolio."""
        return await self._changed(SetRiskLimits(portfolio=portfolio, limits=limits))

    async def kill(self, portfolio: str, reason: str = "stopped by hand", *, flatten: bool = False) -> PortfolioState:
        """Cancel all orders of a portfolio and take none that opens; with `flatten`, close its positions too."""
        return await self._changed(Kill(portfolio=portfolio, reason=reason, flatten=flatten))

    async def lift(self, portfolio: str) -> PortfolioState:
        """Let a portfolio trade again that is paused or killed."""
        return await self._changed(Lift(portfolio=portfolio))

    async def place_order(self, portfolio: str, order: PlacedOrder, order_id: str | None = None) -> Order:
        """Place an order; the same again under its id returns it. An id is generated if none is given."""
        return await self._ordered(PlaceOrder(portfolio=portfolio, order_id=order_id or _new_id(), order=order))

    async def change_order(
        self,
        portfolio: str,
        order_id: str,
        *,
        quantity: float | None = None,
        limit: float | None = None,
        stop: float | None = None,
        trail: float | None = None,
    ) -> Order:
        """Change the quantity or the prices of an open order; what is None stays."""
        request = ChangeOrder(
            portfolio=portfolio, order_id=order_id, quantity=quantity, limit=limit, stop=stop, trail=trail
        )
        return await self._ordered(request)

    async def cancel_order(self, portfolio: str, order_id: str) -> Order:
        """Cancel an open order."""
        return await self._ordered(CancelOrder(portfolio=portfolio, order_id=order_id))

    async def cancel_orders(self, portfolio: str, symbol: str | None = None) -> list[Order]:
        """Cancel all open orders, or those of a symbol; return those that are left."""
        request = CancelOrders(portfolio=portfolio, symbol=symbol)
        return expect(OrdersState, await self._session.ask(request)).orders

    async def close_position(self, portfolio: str, symbol: str, order_id: str | None = None) -> Order:
        """Cancel the orders of a symbol, and close its position at the market; return the order that closes it."""
        return await self._ordered(ClosePosition(portfolio=portfolio, symbol=symbol, order_id=order_id or _new_id()))

    async def flatten(self, portfolio: str) -> list[Order]:
        """Cancel all orders, and close all positions at the market; return the orders that close them."""
        return expect(OrdersState, await self._session.ask(Flatten(portfolio=portfolio))).orders

    async def list_orders(self, portfolio: str, *, ended: bool = False, limit: int = 50) -> list[Order]:
        """Return the open orders, or with `ended` all, the latest first, up to `limit` of them."""
        found, before = list[Order](), None
        while len(found) < limit:
            request = ListOrders(portfolio=portfolio, ended=ended, before=before, limit=min(limit - len(found), 100))
            page = expect(OrdersState, await self._session.ask(request))
            found += page.orders
            if (before := page.next) is None:
                break
        return found

    async def open_orders(self, portfolio: str) -> OrdersState:
        """Return all open orders, the latest first, as they are at one revision of the portfolio: its `sequence`."""
        while True:
            first = page = expect(OrdersState, await self._session.ask(ListOrders(portfolio=portfolio, limit=100)))
            orders = list(page.orders)
            while page.next is not None and page.sequence == first.sequence:
                request = ListOrders(portfolio=portfolio, before=page.next, limit=100)
                page = expect(OrdersState, await self._session.ask(request))
                orders += page.orders
            if page.sequence == first.sequence:
                return first.model_copy(update={"orders": orders, "next": None})

    async def list_trades(self, portfolio: str, limit: int = 50) -> list[Trade]:
        """Return the fills, the latest first, up to `limit` of them."""
        found, before = list[Trade](), None
        while len(found) < limit:
            request = ListTrades(portfolio=portfolio, before=before, limit=min(limit - len(found), 100))
            page = expect(TradesState, await self._session.ask(request))
            found += page.trades
            if (before := page.next) is None:
                break
        return found[:limit]

    async def journal_entries(self, portfolio: str, after: int = 0) -> AsyncIterator[JournalEntry]:
        """Yield the entries of a journal so far that follow number `after`, in order."""
        following: int | None = after
        while following is not None:
            request = GetJournal(portfolio=portfolio, after=following, limit=100)
            page = expect(JournalPage, await self._session.ask(request))
            for entry in page.entries:
                yield entry
            following = page.next

    async def _changed(self, request: PortfolioChange) -> PortfolioState:
        return expect(PortfolioState, await self._session.ask(request))

    async def _ordered(self, request: OrderChange) -> Order:
        return expect(OrderState, await self._session.ask(request)).order


def _new_id() -> str:
    return uuid.uuid4().hex
