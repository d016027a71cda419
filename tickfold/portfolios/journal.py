"""The journal: `apply` is the only way in which a portfolio changes, so that its journal alone makes it again."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar, assert_never

from pydantic import BaseModel

from tickfold.portfolios import order as orders
from tickfold.portfolios.portfolio import equity, followed
from tickfold.portfolios.position import after_fill
from tickfold.portfolios.times import DAY, MINUTE
from tickfold.protocol.journal import (
    Allocated,
    AllocationReturned,
    BarSeen,
    BotStep,
    Deposit,
    Fill,
    JournalEntry,
    JournalEvent,
    Killed,
    Lifted,
    LimitBreached,
    LimitsSet,
    Opened,
    OrderCancelled,
    OrderChanged,
    OrderExpired,
    OrderPlaced,
    OrderRejected,
    OrderTriggered,
    PositionKept,
    Quote,
    Withdrawal,
)
from tickfold.protocol.portfolio_orders import Order, OrderStatus
from tickfold.protocol.portfolios import Portfolio, Sleeve

Model = TypeVar("Model", bound=BaseModel)
OrderEvent = OrderChanged | OrderTriggered | Fill | OrderCancelled | OrderExpired | OrderRejected
"""What happens to one order after it was placed."""


def rebuild(entries: Iterable[JournalEntry]) -> Portfolio:
    """Return the portfolio that its journal makes, from its first entry on.

    Raises:
        ValueError: an entry is missing.
    """
    portfolio: Portfolio | None = None
    for entry in entries:
        portfolio = apply(portfolio or blank(entry.portfolio), entry)
    if portfolio is None:
        raise ValueError("the journal is empty: expected its first entry, which opens the portfolio")
    return portfolio


def blank(portfolio: str) -> Portfolio:
    """Return what the first entry of a journal applies to."""
    return Portfolio(portfolio=portfolio, owner="", name="")


def apply(portfolio: Portfolio, entry: JournalEntry) -> Portfolio:
    """Return the portfolio after the next entry of its journal.

    Raises:
        ValueError: it is not the next one.
    """
    if entry.sequence != portfolio.revision + 1:
        raise ValueError(f"entry {entry.sequence} of {portfolio.portfolio} does not follow {portfolio.revision}")
    for event in entry.events:
        portfolio = apply_event(portfolio, event)
    return _changed(_forgotten(portfolio), revision=entry.sequence)


def each_applied(portfolio: Portfolio, entry: JournalEntry) -> Iterator[tuple[JournalEvent, Portfolio, Portfolio]]:
    """Yield the events of the next entry of a portfolio's journal, each with the portfolio before and after it."""
    for event in entry.events:
        before, portfolio = portfolio, apply_event(portfolio, event)
        yield event, before, portfolio


def apply_event(portfolio: Portfolio, event: JournalEvent) -> Portfolio:  # noqa: PLR0912 - a case an event
    """Return the portfolio after an event. Total and pure: what an event says is done, never judged again."""
    match event:
        case Opened():
            return _opened(portfolio, event)
        case Deposit():
            return _paid(portfolio, event.amount)
        case Withdrawal():
            return _paid(portfolio, -event.amount)
        case OrderPlaced():
            return _placed(portfolio, event)
        case OrderChanged() | OrderTriggered() | OrderCancelled() | OrderExpired() | OrderRejected():
            return _with_order(portfolio, order_after(portfolio.orders[event.order_id], event))
        case Fill():
            return _filled(portfolio, event)
        case BarSeen():
            return _seen(portfolio, event)
        case Allocated():
            sleeve = Sleeve(symbol=event.symbol, capital=event.amount, equity=event.amount)
            return _changed(
                portfolio, cash=_sum(portfolio.cash, -event.amount), bots={**portfolio.bots, event.bot: sleeve}
            )
        case AllocationReturned():
            return _returned(portfolio, event.bot, event.amount, 0.0)
        case PositionKept():
            return _kept(portfolio, event)
        case BotStep():
            return _stepped(portfolio, event)
        case LimitsSet():
            return _changed(portfolio, limits=event.limits)
        case LimitBreached():
            return _changed(portfolio, status="paused", reason=event.reason)
        case Killed():
            return _changed(portfolio, status="killed", reason=event.reason)
        case Lifted():
            worth = equity(portfolio)
            return _changed(portfolio, status="active", reason=None, peak_equity=worth, day_start_equity=worth)
        case _:
            assert_never(event)


def _opened(portfolio: Portfolio, event: Opened) -> Portfolio:
    return _changed(portfolio, owner=event.owner, name=event.name, terms=event.terms, limits=event.limits)


def _paid(portfolio: Portfolio, amount: float) -> Portfolio:
    """Move what losses are measured from with the payment: it is no profit, and no loss."""
    return _changed(
        portfolio,
        cash=_sum(portfolio.cash, amount),
        deposits=_sum(portfolio.deposits, amount),
        peak_equity=_sum(portfolio.peak_equity, amount),
        day_start_equity=_sum(portfolio.day_start_equity, amount),
    )


def _placed(portfolio: Portfolio, event: OrderPlaced) -> Portfolio:
    order, symbol = event.order, event.order.terms.symbol
    placed = {each.order_id: each for each in (order, *orders.bracket(order))}
    recent = [time for time in portfolio.recent_orders if time > order.placed_at - MINUTE]
    return _changed(
        portfolio,
        orders={**portfolio.orders, **placed},
        orders_placed=portfolio.orders_placed + len(placed),
        recent_orders=[*recent, order.placed_at],
        quotes=portfolio.quotes if symbol in portfolio.quotes else {**portfolio.quotes, symbol: event.quote},
    )


def order_after(order: Order, event: OrderEvent) -> Order:
    """Return an order after an event of its own, also where that ends it."""
    match event:
        case OrderChanged():
            terms = event.model_dump(include={"quantity", "limit", "stop", "trail"}, exclude_none=True)
            return _update(order, terms=order.terms.model_copy(update=terms))
        case OrderTriggered():
            return _update(order, triggered=True)
        case Fill():
            filled, value = order.filled + event.quantity, order.value + event.quantity * event.price
            status: OrderStatus = "filled" if filled >= order.terms.quantity else "working"
            return _update(orders.moved(order, status), filled=filled, value=value, triggered=True)
        case OrderCancelled():
            return orders.moved(order, "cancelled", event.reason)
        case OrderExpired():
            return orders.moved(order, "expired")
        case OrderRejected():
            return orders.moved(order, "rejected", event.reason)
        case _:
            assert_never(event)


def _filled(portfolio: Portfolio, fill: Fill) -> Portfolio:
    order = portfolio.orders[fill.order_id]
    shares = order.sign * fill.quantity
    position, _ = after_fill(portfolio.positions.get(fill.symbol), shares, fill.price)
    positions = {symbol: each for symbol, each in portfolio.positions.items() if symbol != fill.symbol}
    if position:
        positions[fill.symbol] = position
    after = _changed(
        portfolio,
        cash=_sum(portfolio.cash, -(shares * fill.price) - fill.commission),
        realised=_sum(portfolio.realised, fill.realised - fill.commission),
        commission=_sum(portfolio.commission, fill.commission),
        positions=positions,
    )
    for each in orders.children(order, portfolio.orders):
        after = _with_order(after, _released(each, fill))
    for each in orders.siblings(order, portfolio.orders):
        if each.remaining > fill.quantity:
            less = each.terms.model_copy(update={"quantity": each.terms.quantity - fill.quantity})
            after = _with_order(after, _update(each, terms=less))
    return _with_order(after, order_after(order, fill))


def _released(leg: Order, fill: Fill) -> Order:
    """Return an exit of a bracket after its order has filled, once more or for the first time: it closes what filled.

    After a fill inside a bar it looks at later bars only, as the bar's other prices may have been before.
    """
    before = leg.terms.quantity if leg.status == "working" else 0.0
    terms = leg.terms.model_copy(update={"quantity": before + fill.quantity})
    if leg.status == "working":
        return _update(leg, terms=terms)
    active_from = fill.time + MINUTE if fill.inside else fill.time
    best = fill.market_price if leg.terms.kind == "trailing_stop" else None
    return _update(orders.moved(leg, "working"), terms=terms, active_from=active_from, best=best)


def _seen(portfolio: Portfolio, bar: BarSeen) -> Portfolio:
    before = equity(portfolio)
    after = portfolio
    for order in portfolio.orders.values():
        trails = order.terms.kind == "trailing_stop" and order.status == "working" and order.active_from <= bar.time
        if trails and order.terms.symbol == bar.symbol and order.best is not None:
            # A sell trails the highest price, a buy the lowest.
            best = max(order.best, bar.high) if order.sign < 0 else min(order.best, bar.low)
            after = _with_order(after, _update(order, best=best))
    quote = Quote(time=bar.time, number=bar.number, close=bar.close)
    bots = {
        bot: _update(sleeve, equity=bar.bots[bot]) if bot in bar.bots else sleeve
        for bot, sleeve in portfolio.bots.items()
    }
    after = _changed(after, quotes={**after.quotes, bar.symbol: quote}, bots=bots)
    worth, day = equity(after), bar.time // DAY
    later = day > portfolio.day
    return _changed(
        after,
        peak_equity=max(portfolio.peak_equity, worth),
        day=day if later else portfolio.day,
        day_start_equity=before if later else portfolio.day_start_equity,
    )


def _returned(portfolio: Portfolio, bot: str, cash: float, cost: float) -> Portfolio:
    """Take back what a bot has: dollars, and shares that cost it so much. More than its capital is profit."""
    left = {each: sleeve for each, sleeve in portfolio.bots.items() if each != bot}
    made = cash + cost - portfolio.bots[bot].capital
    return _changed(portfolio, cash=_sum(portfolio.cash, cash), realised=_sum(portfolio.realised, made), bots=left)


def _kept(portfolio: Portfolio, kept: PositionKept) -> Portfolio:
    """Take a bot's position over. The portfolio's own in the symbol, if there is one, is of the same side."""
    after = _returned(portfolio, kept.bot, kept.cash, kept.quantity * kept.price)
    position, _ = after_fill(portfolio.positions.get(kept.symbol), kept.quantity, kept.price)
    return _changed(after, positions={**after.positions, kept.symbol: position})


def _stepped(portfolio: Portfolio, event: BotStep) -> Portfolio:
    sleeve = portfolio.bots.get(event.bot)
    if sleeve is None or event.equity is None:
        return portfolio
    return _changed(portfolio, bots={**portfolio.bots, event.bot: _update(sleeve, equity=event.equity)})


def _forgotten(portfolio: Portfolio) -> Portfolio:
    """Return `portfolio` without the quotes of symbols that it neither holds, orders nor has bots on."""
    symbols = followed(portfolio)
    return _changed(
        portfolio, quotes={symbol: quote for symbol, quote in portfolio.quotes.items() if symbol in symbols}
    )


def _with_order(portfolio: Portfolio, order: Order) -> Portfolio:
    """Return `portfolio` with an order as it is now: only open ones are kept."""
    kept = {**portfolio.orders, order.order_id: order}
    if not order.is_open:
        del kept[order.order_id]
    return _changed(portfolio, orders=kept)


def _sum(before: float, change: float) -> float:
    return before + change + 0.0  # DynamoDB has no negative zero


def _update(model: Model, **changes: Any) -> Model:
    return model.model_copy(update=changes)


def _changed(portfolio: Portfolio, **changes: Any) -> Portfolio:
    return portfolio.model_copy(update=changes)
