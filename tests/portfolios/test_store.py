"""The table of portfolios: all or nothing, one change at a time, and every bit kept."""

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from tests.aws import TRADING, rows
from tests.portfolios.random_trading import SESSIONS
from tests.portfolios.trading import Trading
from tickfold.errors import RunError
from tickfold.portfolios import placing
from tickfold.portfolios.journal import blank, rebuild
from tickfold.portfolios.store import OvertakenError, PortfolioStore, RepeatedError
from tickfold.protocol.portfolio_orders import PlacedOrder
from tickfold.protocol.portfolios import CreatePortfolio, Portfolio

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource
    from mypy_boto3_dynamodb.service_resource import Table

BUY = PlacedOrder(symbol="GOOG", side="buy", quantity=10, stop_loss=90)


@pytest.fixture
def table(dynamodb: "DynamoDBServiceResource") -> "Table":
    return dynamodb.Table(TRADING)


@pytest.fixture
def store(table: "Table") -> PortfolioStore:
    return PortfolioStore(table)


@pytest.fixture
def growth(store: PortfolioStore) -> Portfolio:
    return opened(store, "growth-1")


def opened(store: PortfolioStore, portfolio: str) -> Portfolio:
    events = placing.opened(portfolio, "ada", CreatePortfolio(name=portfolio, cash=10_000))
    return store.append(blank(portfolio), events, "ada")


def placed(store: PortfolioStore, portfolio: Portfolio, order_id: str, terms: PlacedOrder = BUY) -> Portfolio:
    return store.append(portfolio, placing.placed(portfolio, order_id, terms, Trading().moment), "ada")


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(trading=SESSIONS)
def test_table_gives_back_the_portfolio_its_journal_and_its_orders(table: "Table", trading: Trading) -> None:
    store = PortfolioStore(table)
    for row in rows(table):
        table.delete_item(Key={"portfolio": row["portfolio"], "entry": row["entry"]})
    portfolio = blank(trading.portfolio.portfolio)
    for entry in trading.journal:
        portfolio = store.append(portfolio, entry.events, entry.by)
    read = store.get(portfolio.portfolio)
    assert read is not None
    assert read.model_dump() == trading.portfolio.model_dump()
    assert rebuild(store.entries_after(portfolio.portfolio, 0)).model_dump() == read.model_dump()
    listed, _ = store.orders(portfolio.portfolio, None, 1_000)
    assert len(listed) == portfolio.orders_placed
    without = {"best": None}
    for order in listed:
        kept = portfolio.orders.get(order.order_id)
        assert order.is_open == (kept is not None)
        assert kept is None or kept.model_copy(update=without) == order.model_copy(update=without)


def test_only_one_of_two_changes_of_one_head_is_written(store: PortfolioStore, growth: Portfolio) -> None:
    first = store.append(growth, placing.deposited(1), "ada")
    with pytest.raises(OvertakenError, match="growth-1 is not at revision 1 any more"):
        store.append(growth, placing.deposited(2), "ada")
    assert store.get("growth-1") == first
    assert [entry.sequence for entry in store.entries_after("growth-1", 0)] == [1, 2]


def test_portfolio_is_opened_once(store: PortfolioStore, growth: Portfolio) -> None:
    with pytest.raises(OvertakenError):
        opened(store, growth.portfolio)


def test_id_of_an_order_is_used_once_also_after_it_has_ended(store: PortfolioStore, growth: Portfolio) -> None:
    after = placed(store, growth, "a")
    after = store.append(after, placing.cancelled(after, "a"), "ada")
    assert (order := store.order("growth-1", "a"))
    assert (order.status, order.reason) == ("cancelled", "cancelled by hand")
    with pytest.raises(RepeatedError):
        placed(store, after, "a")
    assert store.get("growth-1") == after


def test_key_is_used_once(store: PortfolioStore, growth: Portfolio) -> None:
    after = store.append(growth, placing.deposited(1), "ada", key="k")
    with pytest.raises(RepeatedError):
        store.append(after, placing.deposited(1), "ada", key="k")
    assert store.revision_of("growth-1", "k") == 2
    assert store.revision_of("growth-1", "other") is None


def test_writes_of_another_are_all_or_nothing_with_the_entry(
    table: "Table", store: PortfolioStore, growth: Portfolio
) -> None:
    item = {"portfolio": "p#growth-1", "entry": "bot#b"}
    put = {"Put": {"TableName": table.name, "Item": item}}
    with pytest.raises(OvertakenError):
        store.append(growth.model_copy(update={"revision": 7}), placing.deposited(1), "trader", writes=[put])
    assert item not in rows(table)
    store.append(growth, placing.deposited(1), "trader", writes=[put])
    assert item in rows(table)


def test_symbols_list_the_portfolios_that_follow_them(store: PortfolioStore, growth: Portfolio) -> None:
    assert list(store.of_symbol("GOOG")) == []
    after = placed(store, growth, "a")
    assert store.of_symbol("GOOG") == ["growth-1"]
    store.append(after, placing.all_cancelled(after, None), "ada")
    assert store.of_symbol("GOOG") == []


def test_owner_has_a_list_by_name(store: PortfolioStore, growth: Portfolio) -> None:
    other = opened(store, "alpha-1")
    assert store.of_owner("ada") == [other, growth]
    assert store.of_owner("bob") == []


def test_orders_and_fills_are_paged_from_the_latest(store: PortfolioStore, growth: Portfolio) -> None:
    portfolio, moment = growth, Trading().moment
    for number in range(5):
        terms = BUY.model_copy(update={"stop_loss": None, "quantity": 1.0})
        portfolio = store.append(portfolio, placing.placed(portfolio, f"o{number}", terms, moment), "ada")
    found, before = [], None
    while True:
        page, before = store.orders("growth-1", before, 2)
        found += [order.order_id for order in page]
        if before is None:
            break
    assert found == ["o4", "o3", "o2", "o1", "o0"]


def test_journal_row_is_what_is_pushed(table: "Table", store: PortfolioStore, growth: Portfolio) -> None:
    (row,) = (row for row in rows(table) if row["entry"] == "journal#000000000001")
    assert row["topics"] == ["journal#growth-1"]
    (entry,) = store.entries_after(growth.portfolio, 0)
    assert row["body"] == entry.model_dump_json(by_alias=True)


def test_amount_that_the_table_does_not_hold_is_refused_in_words(store: PortfolioStore) -> None:
    events = placing.opened("tiny", "ada", CreatePortfolio(name="tiny", cash=1e-300))
    with pytest.raises(RunError, match="1e-300 is too small a number: expected 0, or at least 1e-100"):
        store.append(blank("tiny"), events, "ada")
    assert store.get("tiny") is None
