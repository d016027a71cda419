"""Orders of portfolios: place, list, look at, change and cancel them; and the positions that they make, to close."""

from http import HTTPStatus
from typing import Annotated

from pydantic import Field

from functions.api.operation import Area, Call, Located
from functions.api.portfolios import PortfolioPath
from tickfold.protocol import (
    CancelOrder,
    CancelOrders,
    ChangeOrder,
    ClosePosition,
    Flatten,
    ListOrders,
    OrdersState,
    OrderState,
    PlaceOrder,
)
from tickfold.protocol.portfolios import (
    ClosingOrder,
    NewOrder,
    NewOrderTerms,
    OrderRef,
    OrdersPage,
    OrdersToCancel,
    Positions,
)
from tickfold.protocol.symbol import Symbol

area = Area("orders", "The orders of portfolios, which fill on paper in the next bars, and the positions they make.")


class OrderPath(PortfolioPath):
    """An order of a portfolio."""

    order_id: OrderRef


class PositionPath(PortfolioPath):
    """A position of a portfolio."""

    symbol: Annotated[Symbol, Field(description="The symbol; a slash in it may be written as it is.")]


@area.operation("GET", "/v1/portfolios/{portfolio}/orders", answer=OrdersState, refusals=("not_found",), has_etag=True)
def list_orders(call: Call, path: PortfolioPath, query: OrdersPage) -> str:
    """List the open orders, or with `ended` all, the latest first."""
    return call.reply_to(ListOrders(**dict(path), **dict(query)), call.services.portfolios.read)


@area.operation(
    "POST",
    "/v1/portfolios/{portfolio}/orders",
    answer=OrderState,
    status=HTTPStatus.CREATED,
    refusals=("not_found", "conflict", "limit"),
    headers={"Location": "The order."},
    key="orderId",
)
def place_order(call: Call, path: PortfolioPath, body: NewOrder) -> Located:
    """Place an order. Idempotent by `orderId`, which you choose: the same order again returns it as it is then."""
    reply = call.reply_to(PlaceOrder(**dict(path), **dict(body)), call.services.desk.change_orders)
    placed = OrderState.model_validate_json(reply)
    return Located(reply, f"/v1/portfolios/{placed.portfolio}/orders/{placed.order.order_id}")


@area.operation("DELETE", "/v1/portfolios/{portfolio}/orders", answer=OrdersState, refusals=("not_found", "conflict"))
def cancel_orders(call: Call, path: PortfolioPath, query: OrdersToCancel) -> str:
    """Cancel all open orders, or those of a symbol; those that are left are the answer. Idempotent."""
    return call.reply_to(CancelOrders(**dict(path), **dict(query)), call.services.desk.change_orders)


@area.operation(
    "GET",
    "/v1/portfolios/{portfolio}/orders/{orderId}",
    answer=OrderState,
    refusals=("not_found",),
    has_etag=True,
)
def get_order(call: Call, path: OrderPath) -> OrderState:
    """Look at an order, open or ended."""
    return call.services.portfolios.order(call.user.user_id, path.portfolio, path.order_id)


@area.operation(
    "PATCH",
    "/v1/portfolios/{portfolio}/orders/{orderId}",
    answer=OrderState,
    refusals=("not_found", "conflict", "limit"),
)
def change_order(call: Call, path: OrderPath, body: NewOrderTerms) -> str:
    """Change the quantity or the prices of an open order; what is left out stays. Idempotent."""
    return call.reply_to(ChangeOrder(**dict(path), **dict(body)), call.services.desk.change_orders)


@area.operation(
    "DELETE",
    "/v1/portfolios/{portfolio}/orders/{orderId}",
    answer=OrderState,
    refusals=("not_found", "conflict"),
)
def cancel_order(call: Call, path: OrderPath) -> str:
    """Cancel an open order, and the exits of its bracket unless it has filled. Idempotent."""
    return call.reply_to(CancelOrder(**dict(path)), call.services.desk.change_orders)


@area.operation("GET", "/v1/portfolios/{portfolio}/positions", answer=Positions, refusals=("not_found",), has_etag=True)
def list_positions(call: Call, path: PortfolioPath) -> Positions:
    """List the positions at their last close, by symbol."""
    return call.services.portfolios.positions(call.user.user_id, path.portfolio)


@area.operation(
    "DELETE", "/v1/portfolios/{portfolio}/positions", answer=OrdersState, refusals=("not_found", "conflict", "limit")
)
def flatten(call: Call, path: PortfolioPath) -> str:
    """Cancel all orders, and close all positions at the market; the orders that close them are the answer."""
    return call.reply_to(Flatten(**dict(path)), call.services.desk.change_orders)


@area.operation(
    "DELETE",
    "/v1/portfolios/{portfolio}/positions/{symbol}",
    answer=OrderState,
    refusals=("not_found", "conflict", "limit"),
    key="orderId",
)
def close_position(call: Call, path: PositionPath, query: ClosingOrder) -> str:
    """Cancel the orders of a symbol, and close its position at the market. Idempotent by `orderId`, which you choose.

    The answer is the order that closes it: the position is gone once that has filled.
    """
    return call.reply_to(ClosePosition(**dict(path), **dict(query)), call.services.desk.change_orders)
