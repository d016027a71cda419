"""Reading portfolios: lists, pages, and the journal as it grows."""

from dataclasses import dataclass
from typing import Final, assert_never

from pydantic import RootModel

from tickfold.errors import RunError
from tickfold.portfolios.order import in_turn
from tickfold.portfolios.ownership import order_of, owned
from tickfold.portfolios.portfolio import positions_of, state_of, summary_of
from tickfold.portfolios.store import PortfolioStore
from tickfold.protocol import Subscribe, Subscribed, Unsubscribe, Unsubscribed, dump
from tickfold.protocol.journal import Fill, JournalEntry
from tickfold.protocol.portfolios import (
    GetJournal,
    GetPortfolio,
    JournalPage,
    ListOrders,
    ListPortfolios,
    ListTrades,
    OrdersState,
    OrderState,
    Portfolio,
    Portfolios,
    Positions,
    Trade,
    TradesState,
)
from tickfold.protocol.requests import PortfolioQuery
from tickfold.realtime import topics
from tickfold.realtime.caller import Caller
from tickfold.realtime.connections import Subscriptions
from tickfold.realtime.message_size import fitting

MOST_REPLAYED: Final = 500
"""Entries that a subscriber is sent: whoever is further behind gets the portfolio as it is."""
_BYTES_BESIDE_ROWS = 1_000


@dataclass(frozen=True)
class PortfolioReader:
    """Carries out the requests that read portfolios, and the subscriptions to journals."""

    store: PortfolioStore
    connections: Subscriptions
    most_replayed: int = MOST_REPLAYED

    def read(self, caller: Caller, request: PortfolioQuery) -> None:
        """Send what is asked for.

        Raises:
            RunError: the caller has no such portfolio.
        """
        user = caller.user.user_id
        match request:
            case ListPortfolios():
                listed = [summary_of(each) for each in self.store.of_owner(user)]
                caller.reply(Portfolios(portfolios=fitting(listed, reserved=_BYTES_BESIDE_ROWS)))
            case GetPortfolio():
                caller.reply(state_of(owned(self.store, user, request.portfolio)))
            case ListOrders():
                self._list_orders(caller, owned(self.store, user, request.portfolio), request)
            case ListTrades():
                self._list_trades(caller, owned(self.store, user, request.portfolio), request)
            case GetJournal():
                self._send_journal(caller, owned(self.store, user, request.portfolio), request)
            case _:
                assert_never(request)

    def order(self, owner: str, ref: str, order_id: str) -> OrderState:
        """Return an order of a portfolio, open or ended.

        Raises:
            RunError: the owner has no such portfolio, or it has no such order.
        """
        portfolio = owned(self.store, owner, ref)
        return OrderState(portfolio=portfolio.portfolio, order=order_of(self.store, portfolio, order_id))

    def positions(self, owner: str, ref: str) -> Positions:
        """Return the positions of a portfolio.

        Raises:
            RunError: the owner has no such portfolio.
        """
        return positions_of(owned(self.store, owner, ref))

    def subscribe(self, caller: Caller, request: Subscribe) -> None:
        """Subscribe the caller to a journal, and send the entries so far or the portfolio; later ones may come twice.

        Raises:
            RunError: the caller has no such portfolio, or it has fewer entries than the caller says.
        """
        known = owned(self.store, caller.user.user_id, request.id or "")
        if request.after is not None and request.after > known.revision:
            raise RunError(
                f"after is {request.after:,}, but the last entry of {known.name} has number {known.revision:,}; "
                "subscribe without after",
                "invalid",
            )
        self.connections.subscribe(caller.connection_id, caller.user, topics.of_journal(known.portfolio))
        # Read after subscribing: what is written from now on is delivered, what was written before is sent from here.
        portfolio = owned(self.store, caller.user.user_id, known.portfolio)
        last = portfolio.revision
        replays = request.after is not None and last - request.after <= self.most_replayed
        after = request.after if replays else last
        caller.reply(Subscribed(topic="journal", id=portfolio.portfolio, after=after, last_sequence=last))
        if not replays:
            caller.send(dump(state_of(portfolio)))
            return
        for entry in self.store.entries_after(portfolio.portfolio, after or 0):
            if not caller.send(dump(entry)):
                return

    def unsubscribe(self, caller: Caller, request: Unsubscribe) -> None:
        """Remove the caller's subscription to a journal. Idempotent.

        Raises:
            RunError: the caller has no such portfolio.
        """
        portfolio = owned(self.store, caller.user.user_id, request.id or "").portfolio
        self.connections.unsubscribe(caller.connection_id, topics.of_journal(portfolio))
        caller.reply(Unsubscribed(topic="journal", id=portfolio))

    def _list_orders(self, caller: Caller, portfolio: Portfolio, request: ListOrders) -> None:
        if request.ended:
            found, following = self.store.orders(portfolio.portfolio, request.before, request.limit)
            orders = [portfolio.orders.get(order.order_id, order) for order in found]
        else:
            before = request.before or portfolio.orders_placed + 1
            open_ = [order for order in reversed(in_turn(portfolio.orders)) if order.number < before]
            orders = open_[: request.limit]
            following = orders[-1].number if len(orders) < len(open_) else None
        shown = fitting(orders, reserved=_BYTES_BESIDE_ROWS)
        if len(shown) < len(orders):
            following = shown[-1].number
        revision = 0 if request.ended else portfolio.revision
        caller.reply(OrdersState(portfolio=portfolio.portfolio, sequence=revision, orders=shown, next=following))

    def _list_trades(self, caller: Caller, portfolio: Portfolio, request: ListTrades) -> None:
        entries, following = self.store.entries_with_fills(portfolio.portfolio, request.before, request.limit)
        shown = fitting(map(_trades_of, entries), reserved=_BYTES_BESIDE_ROWS)
        if len(shown) < len(entries):
            following = entries[len(shown) - 1].sequence
        trades = [trade for some in shown for trade in some.root]
        caller.reply(TradesState(portfolio=portfolio.portfolio, trades=trades, next=following))

    def _send_journal(self, caller: Caller, portfolio: Portfolio, request: GetJournal) -> None:
        entries = list(self.store.entries_after(portfolio.portfolio, request.after, request.limit))
        shown = fitting(entries, reserved=_BYTES_BESIDE_ROWS)
        last = shown[-1].sequence if shown else request.after
        following = last if last < portfolio.revision else None
        caller.reply(JournalPage(portfolio=portfolio.portfolio, entries=shown, next=following))


class _Trades(RootModel[list[Trade]]):
    """The trades of one entry, which are sent together."""


def _trades_of(entry: JournalEntry) -> _Trades:
    """Return the fills of an entry, the last first."""
    fills = [(at, event) for at, event in enumerate(entry.events) if isinstance(event, Fill)]
    trades = [Trade(trade_id=f"{entry.sequence}-{at}", **fill.model_dump()) for at, fill in reversed(fills)]
    return _Trades(trades)
