"""The desk: carries out what a user asks to be done to a portfolio and its orders.

A request is decided on the portfolio as it was read, and written on condition that it still is so; else it is read and
decided again. So whatever a bar or another request does in between, each decision holds for the portfolio it changes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

from tickfold.errors import RunError
from tickfold.portfolios import placing
from tickfold.portfolios.journal import blank
from tickfold.portfolios.market_time import MarketTime
from tickfold.portfolios.order import content_of
from tickfold.portfolios.overtaken import until_written
from tickfold.portfolios.ownership import order_of, owned
from tickfold.portfolios.placing import Moment
from tickfold.portfolios.portfolio import id_of, state_of
from tickfold.portfolios.store import MOST_PORTFOLIOS, OvertakenError, PortfolioStore, RepeatedError
from tickfold.portfolios.switches import Switches
from tickfold.portfolios.times import milliseconds
from tickfold.protocol.formats import money
from tickfold.protocol.journal import Deposit, JournalEvent, Withdrawal
from tickfold.protocol.portfolio_orders import Order
from tickfold.protocol.portfolios import (
    CancelOrder,
    CancelOrders,
    ChangeOrder,
    ClosePosition,
    CreatePortfolio,
    DepositCash,
    Flatten,
    Kill,
    Lift,
    OrdersState,
    OrderState,
    PlaceOrder,
    Portfolio,
    SetRiskLimits,
    WithdrawCash,
)
from tickfold.protocol.requests import OrderChange, PortfolioChange
from tickfold.realtime.caller import Caller
from tickfold.realtime.message_size import fitting

_BYTES_BESIDE_ORDERS = 1_000

Decide = Callable[[Portfolio], list[JournalEvent]]


@dataclass(frozen=True)
class Desk:
    """Carries out the requests that change portfolios."""

    store: PortfolioStore
    switches: Switches
    market: MarketTime

    def change_portfolio(self, caller: Caller, request: PortfolioChange) -> None:
        """Change a portfolio, and send it.

        Raises:
            RunError: the request is against a rule, or the caller has no such portfolio. Nothing is changed.
        """
        caller.reply(state_of(self._changed(caller.user.user_id, request)))

    def change_orders(self, caller: Caller, request: OrderChange) -> None:
        """Change orders, and send them.

        Raises:
            RunError: the request is against a rule, or the caller has no such portfolio or order. Nothing is changed.
        """
        user = caller.user.user_id
        match request:
            case PlaceOrder():
                self._send_order(caller, *self._place(user, request))
            case ClosePosition():
                self._send_order(caller, *self._close(user, request))
            case ChangeOrder():
                after = self._change(user, request.portfolio, lambda it: self._reordered(it, request))
                self._send_order(caller, after, request.order_id)
            case CancelOrder():
                after = self._change(user, request.portfolio, lambda it: self._cancelled(it, request.order_id))
                self._send_order(caller, after, request.order_id)
            case CancelOrders():
                after = self._change(user, request.portfolio, lambda it: placing.all_cancelled(it, request.symbol))
                self._send_orders(caller, after, list(after.orders.values()))
            case Flatten():
                after = self._change(user, request.portfolio, lambda it: placing.flattened(it, self._moments(it)))
                self._send_orders(caller, after, list(after.orders.values()))
            case _:
                assert_never(request)

    # --- portfolios --------------------------------------------------------------------------------------------------

    def _changed(self, user: str, request: PortfolioChange) -> Portfolio:
        match request:
            case CreatePortfolio():
                return self._create(user, request)
            case DepositCash():
                return self._pay(user, request, lambda _it: placing.deposited(request.amount))
            case WithdrawCash():
                return self._pay(user, request, lambda it: placing.withdrawn(it, request.amount))
            case SetRiskLimits():
                return self._change(user, request.portfolio, lambda it: placing.limits_set(it, request.limits))
            case Kill():
                return self._change(user, request.portfolio, lambda it: self._killed(it, request))
            case Lift():
                return self._change(user, request.portfolio, placing.lifted)
            case _:
                assert_never(request)

    def _create(self, user: str, request: CreatePortfolio) -> Portfolio:
        portfolio = id_of(user, request.name)
        if found := self.store.get(portfolio):
            return self._same(found, request)
        if len(self.store.of_owner(user)) >= MOST_PORTFOLIOS:
            raise RunError(f"you have {MOST_PORTFOLIOS} portfolios, which is the most", "limit")
        try:
            return self.store.append(blank(portfolio), placing.opened(portfolio, user, request), user)
        except OvertakenError:  # the same request at the same time
            return self._same(owned(self.store, user, portfolio), request)

    def _same(self, found: Portfolio, request: CreatePortfolio) -> Portfolio:
        """Return a portfolio that exists, if the request would have made the same."""
        first = next(self.store.entries_after(found.portfolio, 0))
        if first.events == placing.opened(found.portfolio, found.owner, request):
            return found
        raise RunError(f"you have a portfolio {found.name}, opened on other terms: choose another name", "conflict")

    def _pay(self, user: str, request: DepositCash | WithdrawCash, decide: Decide) -> Portfolio:
        """Pay in or out, once for each key."""
        portfolio = owned(self.store, user, request.portfolio)
        try:
            if self.store.revision_of(portfolio.portfolio, request.key) is None:
                return self._change(user, portfolio.portfolio, decide, key=request.key)
        except RepeatedError:  # by the same request at the same time
            pass
        self._check_same_payment(portfolio.portfolio, request)
        return owned(self.store, user, request.portfolio)

    def _check_same_payment(self, portfolio: str, request: DepositCash | WithdrawCash) -> None:
        revision = self.store.revision_of(portfolio, request.key) or 1
        entry = next(self.store.entries_after(portfolio, revision - 1))
        kind = Deposit if isinstance(request, DepositCash) else Withdrawal
        if entry.events != [kind(amount=request.amount)]:
            (before,) = entry.events
            paid = f"{before.type} of ${money(getattr(before, 'amount', 0.0))}"
            raise RunError(f"key {request.key} was used for a {paid}: choose another for another payment", "conflict")

    def _killed(self, portfolio: Portfolio, request: Kill) -> list[JournalEvent]:
        return placing.killed(portfolio, request.reason, self._moments(portfolio) if request.flatten else None)

    # --- orders ------------------------------------------------------------------------------------------------------

    def _place(self, user: str, request: PlaceOrder) -> tuple[Portfolio, str]:
        terms = request.order
        if not terms.reduce_only:
            self.switches.check_orders()
        moment = self.market.moment(terms.symbol)
        return self._once(
            user,
            request.portfolio,
            request.order_id,
            content_of(terms),
            lambda it: placing.placed(it, request.order_id, terms, moment),
        )

    def _close(self, user: str, request: ClosePosition) -> tuple[Portfolio, str]:
        def decide(portfolio: Portfolio) -> list[JournalEvent]:
            placing.check_position(portfolio, request.symbol)
            moment = self.market.moment(request.symbol)
            return placing.closed(portfolio, request.symbol, request.order_id, moment)

        return self._once(user, request.portfolio, request.order_id, placing.closing_of(request.symbol), decide)

    def _once(self, user: str, ref: str, order_id: str, content: str, decide: Decide) -> tuple[Portfolio, str]:
        """Place an order, unless the same was placed before."""
        portfolio = owned(self.store, user, ref)
        order = self.store.order(portfolio.portfolio, order_id)
        if order is None:
            try:
                return self._change(user, portfolio.portfolio, decide), order_id
            except RepeatedError:  # by the same request at the same time
                order = self.store.order(portfolio.portfolio, order_id)
        if order is None or order.content != content:
            raise RunError(f"order {order_id} was placed before, with other terms: choose another orderId", "conflict")
        return owned(self.store, user, ref), order_id

    def _reordered(self, portfolio: Portfolio, request: ChangeOrder) -> list[JournalEvent]:
        if request.order_id not in portfolio.orders:
            raise _not_open(order_of(self.store, portfolio, request.order_id))
        return placing.changed(portfolio, request, milliseconds(self.market.now()))

    def _cancelled(self, portfolio: Portfolio, order_id: str) -> list[JournalEvent]:
        if order_id in portfolio.orders:
            return placing.cancelled(portfolio, order_id)
        ended = order_of(self.store, portfolio, order_id)
        if ended.status == "cancelled":
            return []
        raise _not_open(ended)

    def _moments(self, portfolio: Portfolio) -> dict[str, Moment]:
        return {symbol: self.market.moment(symbol) for symbol in portfolio.positions}

    # --- one change --------------------------------------------------------------------------------------------------

    def _change(self, user: str, ref: str, decide: Decide, key: str | None = None) -> Portfolio:
        """Append what `decide` says to the journal, and return the portfolio after it."""

        def change() -> Portfolio:
            portfolio = owned(self.store, user, ref)
            events: Sequence[JournalEvent] = decide(portfolio)
            return self.store.append(portfolio, events, user, key=key) if events else portfolio

        return until_written(ref, change)

    def _send_order(self, caller: Caller, portfolio: Portfolio, order_id: str) -> None:
        order = order_of(self.store, portfolio, order_id)
        caller.reply(OrderState(portfolio=portfolio.portfolio, order=order))

    def _send_orders(self, caller: Caller, portfolio: Portfolio, orders: list[Order]) -> None:
        latest = sorted(orders, key=lambda order: -order.number)
        shown = fitting(latest, reserved=_BYTES_BESIDE_ORDERS)
        caller.reply(OrdersState(portfolio=portfolio.portfolio, sequence=portfolio.revision, orders=shown))


def _not_open(ended: Order) -> RunError:
    return RunError(f"order {ended.order_id} is {ended.status}, and no longer open", "conflict")
