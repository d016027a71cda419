"""Placing: what a person does to a portfolio. Each function returns the events, or refuses, and nothing is written."""

from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from tickfold.errors import RunError
from tickfold.portfolios import fills, risk
from tickfold.portfolios import order as orders
from tickfold.portfolios.matching import lacks
from tickfold.portfolios.portfolio import available, followed, held
from tickfold.portfolios.step import Step
from tickfold.protocol.formats import counted, money
from tickfold.protocol.journal import (
    Deposit,
    JournalEvent,
    Killed,
    Lifted,
    LimitsSet,
    Opened,
    OrderChanged,
    OrderPlaced,
    Quote,
    RiskLimits,
    Withdrawal,
)
from tickfold.protocol.portfolio_orders import Order, Ordered, PlacedOrder
from tickfold.protocol.portfolios import ChangeOrder, CreatePortfolio, Portfolio
from tickfold.protocol.spelling import suggestion
from tickfold.protocol.validation import explain

MOST_OPEN_ORDERS: Final = 30
"""Open orders of a portfolio, held ones included: a bar that fills all of them is one transaction and one message."""
MOST_SYMBOLS: Final = 100
"""Symbols of a portfolio that it holds or orders: a message shows all of them."""


@dataclass(frozen=True)
class Moment:
    """When something is ordered. Times are in milliseconds since 1970 UTC.

    `now` is the clock's; the order fills in bars that start at `active_from` or later; `session_end` is when a `day`
    order ends. `quote` is the last bar of its symbol.
    """

    now: int
    active_from: int
    session_end: int
    quote: Quote


def opened(portfolio: str, owner: str, request: CreatePortfolio) -> list[JournalEvent]:
    """Open a portfolio, and pay its first dollars in."""
    risk.check_hours(request.limits.hours)
    event = Opened(portfolio=portfolio, owner=owner, name=request.name, terms=request.terms, limits=request.limits)
    return [event, *([Deposit(amount=request.cash)] if request.cash else [])]


def deposited(amount: float) -> list[JournalEvent]:
    """Pay dollars in."""
    return [Deposit(amount=amount)]


def withdrawn(portfolio: Portfolio, amount: float) -> list[JournalEvent]:
    """Pay dollars out.

    Raises:
        RunError: there is less cash that no position needs.
    """
    if amount > (left := available(portfolio)):
        raise RunError(f"${money(amount)} cannot be withdrawn: ${money(left)} are available", "conflict")
    return [Withdrawal(amount=amount)]


def placed(portfolio: Portfolio, order_id: str, terms: PlacedOrder, moment: Moment) -> list[JournalEvent]:
    """Place an order.

    Raises:
        RunError: it is against a rule or a limit, or there is no cash for it.
    """
    step = Step(portfolio)
    _place(step, order_id, terms, moment)
    return step.events


def changed(portfolio: Portfolio, request: ChangeOrder, now: int) -> list[JournalEvent]:
    """Change an open order.

    Raises:
        RunError: it is not open, has no such price, or would be against a rule or a limit.
    """
    step = Step(portfolio)
    order = step.open_order(request.order_id)
    wanted = request.model_dump(include={"quantity", "limit", "stop", "trail"}, exclude_none=True)
    if order.parent and "quantity" in wanted:
        raise RunError(f"quantity: {order.order_id} closes what {order.parent} fills; change that order")
    try:
        terms = PlacedOrder(**(dict(order.terms) | wanted))
    except ValidationError as error:
        raise RunError(explain(error)) from None
    if terms.quantity <= order.filled:
        raise RunError(f"quantity {terms.quantity:g}: {order.filled:g} have filled; cancel the order to stop there")
    if dict(terms) == dict(order.terms):
        return []
    others = {each: kept for each, kept in portfolio.orders.items() if each != order.order_id}
    without = portfolio.model_copy(update={"orders": others, "recent_orders": []})
    left = terms.model_copy(update={"quantity": terms.quantity - order.filled})
    _check(without, left, portfolio.quotes[terms.symbol], now)
    step.record(OrderChanged(order_id=order.order_id, **wanted))
    return step.events


def cancelled(portfolio: Portfolio, order_id: str) -> list[JournalEvent]:
    """Cancel an open order.

    Raises:
        RunError: it is not open.
    """
    step = Step(portfolio)
    step.cancel(step.open_order(order_id), "cancelled by hand")
    return step.events


def all_cancelled(portfolio: Portfolio, symbol: str | None) -> list[JournalEvent]:
    """Cancel the open orders, or those of `symbol`."""
    step = Step(portfolio)
    step.cancel_all("cancelled by hand", symbol=symbol)
    return step.events


def closed(portfolio: Portfolio, symbol: str, order_id: str, moment: Moment) -> list[JournalEvent]:
    """Cancel the orders of `symbol`, and close its position at the market.

    Raises:
        RunError: there is none.
    """
    check_position(portfolio, symbol)
    step = Step(portfolio)
    _close(step, symbol, order_id, moment)
    return step.events


def check_position(portfolio: Portfolio, symbol: str) -> None:
    """Check that there is a position in `symbol`.

    Raises:
        RunError: there is none.
    """
    if symbol not in portfolio.positions:
        known = suggestion(symbol, portfolio.positions)
        raise RunError(f"{portfolio.name} has no position in {symbol}{known}", "not_found")


def flattened(portfolio: Portfolio, moments: dict[str, Moment]) -> list[JournalEvent]:
    """Cancel all orders, and close all positions at the market; `moments` has when, for each symbol that is held."""
    step = Step(portfolio)
    step.cancel_all("flattened by hand")
    _close_all(step, moments)
    return step.events


def killed(portfolio: Portfolio, reason: str, moments: dict[str, Moment] | None) -> list[JournalEvent]:
    """Stop all trading, and with `moments`, which has when for each symbol that is held, close all positions."""
    step = Step(portfolio)
    if portfolio.status != "killed":
        step.record(Killed(reason=reason))
    step.cancel_all(f"the portfolio was killed: {reason}")
    if moments is not None:
        _close_all(step, moments)
    return step.events


def lifted(portfolio: Portfolio) -> list[JournalEvent]:
    """Let a portfolio trade again."""
    return [] if portfolio.status == "active" else [Lifted()]


def limits_set(portfolio: Portfolio, limits: RiskLimits) -> list[JournalEvent]:
    """Set the limits.

    Raises:
        RunError: they contradict themselves.
    """
    risk.check_hours(limits.hours)
    return [] if portfolio.limits == limits else [LimitsSet(limits=limits)]


def _close_all(step: Step, moments: dict[str, Moment]) -> None:
    for symbol in sorted(step.portfolio.positions):
        _close(step, symbol, f"flatten.{step.portfolio.revision + 1}.{symbol}", moments[symbol])


def _close(step: Step, symbol: str, order_id: str, moment: Moment) -> None:
    step.cancel_all("the position is being closed", symbol=symbol)
    holding = held(step.portfolio, symbol)
    terms = Ordered(
        symbol=symbol,
        side="sell" if holding > 0 else "buy",
        quantity=abs(holding),
        time_in_force="gtc",
        reduce_only=True,
    )
    order = _order(step.portfolio, order_id, terms, moment).model_copy(update={"content": closing_of(symbol)})
    step.record(OrderPlaced(order=order, quote=moment.quote))


def closing_of(symbol: str) -> str:
    """Return the content of an order that closes a position, however large it is."""
    return f"close {symbol}"


def _place(step: Step, order_id: str, terms: Ordered, moment: Moment) -> None:
    portfolio = step.portfolio
    order = _order(portfolio, order_id, terms, moment)
    added = [order, *orders.bracket(order)]
    if taken := [each.order_id for each in added if each.order_id in portfolio.orders]:
        raise RunError(f"order {taken[0]} exists already: choose another orderId", "conflict")
    if len(portfolio.orders) + len(added) > MOST_OPEN_ORDERS:
        raise RunError(
            f"{portfolio.name} has {counted(len(portfolio.orders), 'open order')} and may have {MOST_OPEN_ORDERS}, "
            "exits of brackets included: cancel some first",
            "limit",
        )
    if len(followed(portfolio) | {terms.symbol}) > MOST_SYMBOLS:
        raise RunError(f"{portfolio.name} follows {MOST_SYMBOLS} symbols, which is the most: close some first", "limit")
    _check(portfolio, terms, moment.quote, moment.now)
    step.record(OrderPlaced(order=order, quote=moment.quote))


def _order(portfolio: Portfolio, order_id: str, terms: Ordered, moment: Moment) -> Order:
    return Order(
        order_id=order_id,
        number=portfolio.orders_placed + 1,
        terms=Ordered(**dict(terms)),
        status="working",
        best=moment.quote.close if terms.kind == "trailing_stop" else None,
        placed_at=moment.now,
        active_from=moment.active_from,
        expires_at=moment.session_end if terms.time_in_force == "day" else None,
        content=orders.content_of(terms),
    )


def _check(portfolio: Portfolio, terms: Ordered, quote: Quote, now: int) -> None:
    """Check an order that is placed or changed."""
    if not portfolio.terms.fractional_shares and terms.quantity != int(terms.quantity):
        whole = max(int(terms.quantity), 1)
        raise RunError(f"quantity {terms.quantity:g}: {portfolio.name} trades whole shares; order {whole}, for one")
    price = _expected_price(terms, quote)
    _check_exits(terms, price)
    risk.check_order(portfolio, terms, price, now)
    holding = held(portfolio, terms.symbol)
    closable = abs(holding) if holding * terms.sign < 0 else 0.0
    if terms.reduce_only:
        if not closable:
            raise RunError(f"a reduceOnly {terms.side} of {terms.symbol} closes nothing: {_shown(holding)}")
        return
    opening = max(terms.quantity - closable, 0.0)
    _check_cash(portfolio, terms, opening, price, closable)


def _expected_price(terms: Ordered, quote: Quote) -> float:
    """Return the price at which an order may fill, as far as one can tell."""
    if terms.limit is not None and terms.side == "sell":
        return max(terms.limit, quote.close)  # it fills at the limit or higher
    return terms.limit or terms.stop or quote.close


def _check_cash(portfolio: Portfolio, terms: Ordered, opening: float, price: float, closable: float) -> None:
    """Check the cash for what an order opens; it is checked again when the order fills, at the price of then."""
    if not opening:
        return
    cost = opening * price + fills.commission_of(opening, price, portfolio.terms)
    left = available(portfolio) + _freed(portfolio, terms, closable, price)
    if cost > left:
        raise RunError(lacks(cost, left), "conflict")


def _freed(portfolio: Portfolio, terms: Ordered, closable: float, price: float) -> float:
    """Return the dollars that closing a position first makes available."""
    if not closable:
        return 0.0
    if terms.side == "sell":
        return closable * price
    return closable * (2 * portfolio.quotes[terms.symbol].close - price)


def _check_exits(terms: Ordered, price: float) -> None:
    exits = (("takeProfit", terms.take_profit, terms.sign), ("stopLoss", terms.stop_loss, -terms.sign))
    for name, level, where in exits:
        if level is not None and where * (level - price) <= 0:
            needed = "above" if where > 0 else "below"
            raise RunError(f"{name} {level:g} is not {needed} the price of {price:g}, as it is of a {terms.side}")


def _shown(holding: float) -> str:
    if not holding:
        return "there is no position"
    return f"the position is {'long' if holding > 0 else 'short'} {abs(holding):g}; its side is " + (
        "sell" if holding > 0 else "buy"
    )
