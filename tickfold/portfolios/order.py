"""The life of an order: which states follow which, and the exits that a bracket adds to it."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

from tickfold.errors import RunError
from tickfold.protocol.portfolio_orders import Order, Ordered, OrderKind, OrderSide, OrderStatus

TRANSITIONS: Final[Mapping[OrderStatus, frozenset[OrderStatus]]] = {
    "held": frozenset({"working", "cancelled"}),
    "working": frozenset({"working", "filled", "cancelled", "expired", "rejected"}),
    "filled": frozenset(),
    "cancelled": frozenset(),
    "expired": frozenset(),
    "rejected": frozenset(),
}
"""The states that may follow each one. An exit of a bracket is held until the order that it closes fills."""

STOP_LEG, TARGET_LEG = ".stop", ".target"
"""Ends of the ids of a bracket's exits."""
_OPPOSITE: Final[Mapping[OrderSide, OrderSide]] = {"buy": "sell", "sell": "buy"}


def content_of(terms: Ordered) -> str:
    """Return a digest of what is ordered: the same order again has the same."""
    return hashlib.sha256(terms.model_dump_json().encode()).hexdigest()[:16]


def moved(order: Order, status: OrderStatus, reason: str | None = None) -> Order:
    """Return `order` in another state.

    Raises:
        RunError: that state does not follow its own.
    """
    if status not in TRANSITIONS[order.status]:
        raise RunError(f"order {order.order_id} is {order.status}, and cannot become {status}", "conflict")
    return order.model_copy(update={"status": status, "reason": reason})


def bracket(order: Order) -> Iterator[Order]:
    """Yield the exits of `order`, held until it fills; they never open a position, and outlive its session."""
    terms = order.terms
    stop: OrderKind = "stop" if terms.stop_loss is not None else "trailing_stop"
    if terms.has_stop:
        yield _leg(order, 1, STOP_LEG, stop, stop=terms.stop_loss, trail=terms.stop_loss_trail)
    if terms.take_profit is not None:
        yield _leg(order, 1 + terms.has_stop, TARGET_LEG, "limit", limit=terms.take_profit)


def _leg(order: Order, after: int, ending: str, kind: OrderKind, **prices: float | None) -> Order:
    terms = Ordered(
        symbol=order.terms.symbol,
        side=_OPPOSITE[order.terms.side],
        kind=kind,
        quantity=order.terms.quantity,
        time_in_force="gtc",
        reduce_only=True,
        **prices,
    )
    return Order(
        order_id=order.order_id + ending,
        number=order.number + after,
        parent=order.order_id,
        terms=terms,
        status="held",
        placed_at=order.placed_at,
        active_from=order.active_from,
    )


def siblings(order: Order, orders: Mapping[str, Order]) -> list[Order]:
    """Return the other open exits of the bracket that `order` is an exit of."""
    if order.parent is None:
        return []
    return [each for each in orders.values() if each.parent == order.parent and each.order_id != order.order_id]


def children(order: Order, orders: Mapping[str, Order]) -> list[Order]:
    """Return the open exits of `order`."""
    return [each for each in orders.values() if each.parent == order.order_id]


def in_turn(orders: Mapping[str, Order]) -> list[Order]:
    """Return open orders in the order of their placing."""
    return sorted(orders.values(), key=lambda order: order.number)
