"""A step: events that are recorded one by one, each on the portfolio that those before it have left."""

from tickfold.errors import RunError
from tickfold.portfolios import order as orders
from tickfold.portfolios.journal import apply_event
from tickfold.protocol.journal import JournalEvent, OrderCancelled, OrderExpired, OrderRejected
from tickfold.protocol.portfolio_orders import Order
from tickfold.protocol.portfolios import Portfolio

Ending = OrderCancelled | OrderExpired | OrderRejected


class Step:
    """What one entry of the journal will say. `portfolio` is as its events so far leave it."""

    def __init__(self, portfolio: Portfolio) -> None:
        self.portfolio = portfolio
        self.events: list[JournalEvent] = []

    def record(self, event: JournalEvent) -> None:
        """Record an event."""
        self.portfolio = apply_event(self.portfolio, event)
        self.events.append(event)

    def end(self, event: Ending) -> None:
        """Record the end of an order, and that of its exits that are still held: nothing has filled that they close."""
        self.record(event)
        for leg in orders.in_turn(self.portfolio.orders):
            if leg.parent == event.order_id and leg.status == "held":
                self.record(OrderCancelled(order_id=leg.order_id, reason="the order that it closes has ended"))

    def cancel(self, order: Order, reason: str) -> None:
        """Cancel an order unless it has ended already."""
        if order.order_id in self.portfolio.orders:
            self.end(OrderCancelled(order_id=order.order_id, reason=reason))

    def cancel_all(self, reason: str, *, symbol: str | None = None, closing_too: bool = True) -> None:
        """Cancel the open orders, or those of `symbol`, or of them those that may open a position."""
        for order in orders.in_turn(self.portfolio.orders):
            if symbol in (None, order.terms.symbol) and (closing_too or not order.terms.reduce_only):
                self.cancel(order, reason)

    def open_order(self, order_id: str) -> Order:
        """Return an open order.

        Raises:
            RunError: there is no open order of that id.
        """
        if order_id not in self.portfolio.orders:
            raise RunError(f"order {order_id} is not open", "not_found")
        return self.portfolio.orders[order_id]
