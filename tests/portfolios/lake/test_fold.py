"""What the lake says of a portfolio is what its journal says, to the last bit, whenever it was exported."""

from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.portfolios.lake.journals import Rows, dated, exported, rows_of
from tests.portfolios.random_trading import SESSIONS
from tests.portfolios.trading import Trading
from tickfold.errors import RunError
from tickfold.portfolios import placing
from tickfold.portfolios.lake.checkpoint import Checkpoint
from tickfold.portfolios.portfolio import equity
from tickfold.protocol.journal import JournalEntry, OrderPlaced
from tickfold.storage.layout import portfolio_checkpoint_key

PROPERTY = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
STOPS = st.lists(st.integers(1, 40), max_size=4).map(sorted)
HOURS = st.sampled_from([1, 9, 90])
"""Between two entries: a session is within a month, or goes on for several."""


def journal_of(trading: Trading, hours: int) -> Sequence[JournalEntry]:
    return dated(trading.journal, hours)


def cash_of(fills: Rows, flows: Rows) -> float:
    cash = 0.0
    for row in sorted([*fills, *flows], key=lambda row: (row["sequence"], row["event"])):
        if "amount" in row:
            cash += row["amount"]
        elif row["bot"] is None:
            sign = 1 if row["side"] == "buy" else -1
            cash += -(sign * row["quantity"] * row["price"]) - row["commission"]
    return cash


def shares_of(fills: Rows) -> dict[str, float]:
    shares = dict[str, float]()
    for row in fills:
        sign = 1 if row["side"] == "buy" else -1
        shares[row["symbol"]] = shares.get(row["symbol"], 0.0) + sign * row["quantity"]
    return {symbol: quantity for symbol, quantity in shares.items() if quantity}


@PROPERTY
@given(SESSIONS, STOPS, HOURS)
def test_exports_at_any_time_leave_the_files_of_one_export(trading: Trading, stops: list[int], hours: int) -> None:
    journal = journal_of(trading, hours)
    assert exported(journal, *(stop for stop in stops if stop < len(journal))) == exported(journal)


@PROPERTY
@given(SESSIONS, HOURS)
def test_fills_and_cash_flows_make_the_cash_and_the_positions(trading: Trading, hours: int) -> None:
    lake = exported(journal_of(trading, hours))
    fills, flows = rows_of(lake, "portfolio_fills"), rows_of(lake, "portfolio_cash_flows")
    assert cash_of(fills, flows) == trading.portfolio.cash
    assert shares_of(fills) == {symbol: each.quantity for symbol, each in trading.portfolio.positions.items()}


@PROPERTY
@given(SESSIONS, HOURS)
def test_last_point_is_the_portfolio_s_equity(trading: Trading, hours: int) -> None:
    points = rows_of(exported(journal_of(trading, hours)), "portfolio_equity")
    portfolio = trading.portfolio
    last = {name: points[-1][name] for name in ("sequence", "equity", "cash", "deposits", "realised", "status")}
    assert last == {
        "sequence": portfolio.revision,
        "equity": equity(portfolio),
        "cash": portfolio.cash,
        "deposits": portfolio.deposits,
        "realised": portfolio.realised,
        "status": portfolio.status,
    }
    assert [point["number"] for point in points] == [*range(1, len(points) + 1)]
    assert {point["sequence"] for point in points} == {*range(1, portfolio.revision + 1)}


@PROPERTY
@given(SESSIONS, HOURS)
def test_last_row_of_each_order_is_what_has_become_of_it(trading: Trading, hours: int) -> None:
    found = rows_of(exported(journal_of(trading, hours)), "portfolio_orders")
    placed = {e.order.order_id for entry in trading.journal for e in entry.events if isinstance(e, OrderPlaced)}
    last = {row["order_id"]: row for row in found}
    assert placed <= last.keys()
    assert {order for order, row in last.items() if row["status"] in ("held", "working")} == {*trading.portfolio.orders}
    for order in trading.portfolio.orders.values():
        row = last[order.order_id]
        assert (row["status"], row["filled"], row["quantity"]) == (order.status, order.filled, order.terms.quantity)


@PROPERTY
@given(SESSIONS, HOURS)
def test_trades_and_what_is_open_carry_the_profit_and_the_commission(trading: Trading, hours: int) -> None:
    """Of a session in which something is bought, and in the end everything is closed as far as the volume allows."""
    with suppress(RunError):
        trading.place("last", "buy", 5)
    trading.bar(100, 101, 99, 100)
    trading.write(placing.flattened(trading.portfolio, dict.fromkeys(trading.portfolio.positions, trading.moment)))
    trading.bar(100, 101, 99, 100, volume=500.0)
    portfolio, lake = trading.portfolio, exported(journal_of(trading, hours))
    trades, fills = rows_of(lake, "portfolio_trades"), rows_of(lake, "portfolio_fills")
    checkpoint = Checkpoint.model_validate_json(lake[portfolio_checkpoint_key(portfolio.portfolio)])
    assert checkpoint.open.positions.keys() == portfolio.positions.keys()
    paid = sum(each.commission for each in checkpoint.open.positions.values())
    assert sum(row["pnl"] for row in trades) - paid == pytest.approx(portfolio.realised, abs=1e-6)
    assert sum(row["commission"] for row in trades) + paid == pytest.approx(portfolio.commission, abs=1e-9)
    open_shares = sum(abs(each.quantity) for each in portfolio.positions.values())
    assert 2 * sum(row["quantity"] for row in trades) + open_shares == sum(row["quantity"] for row in fills)
