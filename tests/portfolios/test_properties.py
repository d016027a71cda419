"""What holds of every portfolio, whatever a careless person orders and whatever the market does."""

from collections.abc import Iterator
from fractions import Fraction

from hypothesis import HealthCheck, given, settings

from tests.portfolios.random_trading import SESSIONS
from tests.portfolios.trading import Trading
from tickfold.portfolios.journal import apply_event, blank, rebuild
from tickfold.portfolios.portfolio import held
from tickfold.portfolios.times import MINUTE
from tickfold.protocol.journal import BarSeen, Fill, JournalEntry, OrderPlaced
from tickfold.protocol.portfolio_orders import Order
from tickfold.protocol.portfolios import Portfolio

PROPERTY = settings(suppress_health_check=list(HealthCheck))
Filled = tuple[Portfolio, Fill, Portfolio]
"""A fill with the portfolio before and after it."""


def events_of(trading: Trading) -> Iterator[tuple[Portfolio, object, Portfolio]]:
    portfolio = blank(trading.portfolio.portfolio)
    for entry in trading.journal:
        for event in entry.events:
            before, portfolio = portfolio, apply_event(portfolio, event)
            yield before, event, portfolio


def fills_of(trading: Trading) -> Iterator[Filled]:
    return ((before, event, after) for before, event, after in events_of(trading) if isinstance(event, Fill))


def placed_in(trading: Trading) -> dict[str, Order]:
    found = (event.order for entry in trading.journal for event in entry.events if isinstance(event, OrderPlaced))
    return {order.order_id: order for order in found}


@PROPERTY
@given(SESSIONS)
def test_journal_makes_the_portfolio_again_at_every_revision(trading: Trading) -> None:
    read = [JournalEntry.model_validate_json(entry.model_dump_json()) for entry in trading.journal]
    for number, head in enumerate(trading.heads, 1):
        assert rebuild(read[:number]).model_dump_json() == head.model_dump_json()


@PROPERTY
@given(SESSIONS)
def test_no_fill_is_outside_its_bar(trading: Trading) -> None:
    for entry in trading.journal:
        bars = {(bar.symbol, bar.time): bar for bar in entry.events if isinstance(bar, BarSeen)}
        for fill in entry.events:
            if isinstance(fill, Fill):
                bar = bars[fill.symbol, fill.time]
                assert bar.low <= fill.market_price <= bar.high


@PROPERTY
@given(SESSIONS)
def test_no_order_fills_more_than_is_ordered_or_before_it_is_active(trading: Trading) -> None:
    for before, fill, after in fills_of(trading):
        order = before.orders[fill.order_id]
        assert 0 < fill.quantity <= order.remaining
        assert order.active_from <= fill.time + MINUTE * fill.inside
        assert order.expires_at is None or fill.time < order.expires_at
        limit = order.terms.limit
        assert limit is None or order.sign * fill.price <= order.sign * limit
        assert (order.order_id in after.orders) == (order.remaining > fill.quantity)


@PROPERTY
@given(SESSIONS)
def test_cash_is_the_sum_of_what_was_paid_and_received_in_order(trading: Trading) -> None:
    cash = 0.0
    for before, event, _ in events_of(trading):
        match event:
            case Fill():
                sign = before.orders[event.order_id].sign
                cash += -(sign * event.quantity * event.price) - event.commission
            case _ if (amount := getattr(event, "amount", None)) is not None:
                cash += amount if event.type in ("deposit", "allocation_returned") else -amount  # type: ignore[attr-defined]
    assert cash == trading.portfolio.cash


@PROPERTY
@given(SESSIONS)
def test_cash_and_positions_at_cost_are_the_deposits_and_the_profit(trading: Trading) -> None:
    """In exact arithmetic, but for the rounding of each of the sums: 2⁻⁵³ of at most $20,000, a few a fill."""
    portfolio = trading.portfolio
    sleeves = sum((Fraction(bot.capital) for bot in portfolio.bots.values()), Fraction())
    costs = sum((Fraction(position.cost) for position in portfolio.positions.values()), Fraction())
    left = Fraction(portfolio.cash) + costs + sleeves
    made = Fraction(portfolio.deposits) + Fraction(portfolio.realised)
    assert abs(left - made) <= 10 * len(trading.journal) * Fraction(20_000, 2**53)


@PROPERTY
@given(SESSIONS)
def test_exits_never_open_or_turn_a_position(trading: Trading) -> None:
    for before, fill, after in fills_of(trading):
        if before.orders[fill.order_id].terms.reduce_only:
            assert abs(held(after, fill.symbol)) < abs(held(before, fill.symbol))
            assert held(after, fill.symbol) * held(before, fill.symbol) >= 0


@PROPERTY
@given(SESSIONS)
def test_the_two_exits_of_a_bracket_close_no_more_than_it_has_opened(trading: Trading) -> None:
    opened, closed = dict[str, float](), dict[str, float]()
    for before, fill, _ in fills_of(trading):
        order = before.orders[fill.order_id]
        opened[order.order_id] = opened.get(order.order_id, 0.0) + fill.quantity
        if order.parent:
            closed[order.parent] = closed.get(order.parent, 0.0) + fill.quantity
    assert all(quantity <= opened[parent] for parent, quantity in closed.items())


@PROPERTY
@given(SESSIONS)
def test_ioc_orders_are_over_after_the_first_bar_that_may_fill_them(trading: Trading) -> None:
    waiting = {order.order_id for order in placed_in(trading).values() if order.terms.time_in_force == "ioc"}
    for _, event, after in events_of(trading):
        if isinstance(event, BarSeen):
            assert not any(order in after.orders and after.orders[order].active_from <= event.time for order in waiting)


@PROPERTY
@given(SESSIONS)
def test_paused_portfolio_opens_nothing_until_it_is_lifted(trading: Trading) -> None:
    for before, event, _ in events_of(trading):
        if isinstance(event, OrderPlaced) and before.status != "active":
            assert event.order.terms.reduce_only
        if isinstance(event, Fill) and before.status != "active":
            assert before.orders[event.order_id].terms.reduce_only


@PROPERTY
@given(SESSIONS)
def test_positions_are_never_worth_more_than_the_equity_when_they_are_opened(trading: Trading) -> None:
    for before, fill, after in fills_of(trading):
        if abs(held(after, fill.symbol)) > abs(held(before, fill.symbol)):
            spent = fill.quantity * fill.price + fill.commission
            short = min(held(before, fill.symbol), 0.0)
            mark = before.quotes[fill.symbol].close
            assert spent <= before.cash + 2 * short * mark


@PROPERTY
@given(SESSIONS)
def test_volume_share_bounds_the_shares_of_a_bar(trading: Trading) -> None:
    share = trading.portfolio.terms.participation
    if share is None:
        return
    for entry in trading.journal:
        filled = sum(event.quantity for event in entry.events if isinstance(event, Fill))
        assert filled <= 400 * share
