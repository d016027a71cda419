"""The grants of the trading table allow exactly what the methods of the store and of the switches call."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from components.aws.grant import Grant
from components.stores.trading_store import TradingTable
from tests.components.stores.rights import dynamodb_with, granted, recorded
from tests.portfolios.trading import Trading
from tickfold.portfolios import placing
from tickfold.portfolios.journal import blank
from tickfold.portfolios.store import BY_NUMBER, PortfolioStore
from tickfold.portfolios.switches import Switches
from tickfold.protocol.portfolio_orders import PlacedOrder
from tickfold.protocol.portfolios import CreatePortfolio
from tickfold.trading.bot_store import BotStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

ID = "growth-1"
BUY = PlacedOrder(symbol="GOOG", side="buy", quantity=1)


def grants() -> dict[str, Grant]:
    table = TradingTable("probe", protect=False)
    return {
        "append": table.may_append(),
        "read": table.may_read(),
        "read journal": table.may_read_journal(),
        "read bots": table.may_read_bots(),
        "list": table.may_list(),
        "find": table.may_find_by_symbol(),
        "list by number": table.may_list_by_number(),
        "read switches": table.may_read_switches(),
    }


STACK, GRANTED = granted(grants)


def append(store: PortfolioStore) -> None:
    """Place an order and cancel it, so that the symbol is listed, and is no longer."""
    opened = store.append(
        blank("other"), placing.opened("other", "ada", CreatePortfolio(name="other", cash=500)), "ada"
    )
    placed = store.append(opened, placing.placed(opened, "a", BUY, Trading().moment), "ada", key="k")
    store.append(placed, placing.cancelled(placed, "a"), "ada")


def read_switches(switches: Switches) -> None:
    switches.read()
    switches.check_orders()


STORE_CALLS: dict[str, tuple[str, Callable[[PortfolioStore], object]]] = {
    "append": ("append", append),
    "get, order and revision_of": (
        "read",
        lambda store: [store.get(ID), store.order(ID, "a"), store.revision_of(ID, "k")],
    ),
    "entries_after": ("read journal", lambda store: list(store.entries_after(ID, 0))),
    "all_ids": ("read journal", PortfolioStore.all_ids),
    "of_owner": ("list", lambda store: store.of_owner("ada")),
    "of_symbol": ("find", lambda store: store.of_symbol("GOOG")),
    "orders and entries_with_fills": (
        "list by number",
        lambda store: [store.orders(ID, None, 5), store.entries_with_fills(ID, None, 5)],
    ),
}
SWITCH_CALLS: dict[str, tuple[str, Callable[[Switches], object]]] = {
    "read and check_orders": ("read switches", read_switches),
}


@pytest.fixture
def dynamodb() -> Iterator["DynamoDBServiceResource"]:
    with dynamodb_with(STACK) as resource:
        store = PortfolioStore(resource.Table("probe-trading"))
        store.append(blank(ID), placing.opened(ID, "ada", CreatePortfolio(name="growth", cash=1)), "ada")
        yield resource


@pytest.mark.parametrize("methods", STORE_CALLS)
def test_grant_allows_exactly_what_the_store_calls(dynamodb: "DynamoDBServiceResource", methods: str) -> None:
    grant, call = STORE_CALLS[methods]
    with recorded(dynamodb) as called:
        call(PortfolioStore(dynamodb.Table("probe-trading")))
    assert called == GRANTED[grant]


@pytest.mark.parametrize("methods", SWITCH_CALLS)
def test_grant_allows_exactly_what_the_switches_call(dynamodb: "DynamoDBServiceResource", methods: str) -> None:
    grant, call = SWITCH_CALLS[methods]
    with recorded(dynamodb) as called:
        call(Switches(dynamodb.Table("probe-trading")))
    assert called == GRANTED[grant]


BOT_CALLS: dict[str, tuple[str, Callable[[BotStore], object]]] = {
    "get and of": ("read bots", lambda store: [store.get(ID, "b"), list(store.of(ID))]),
}


@pytest.mark.parametrize("methods", BOT_CALLS)
def test_grant_allows_exactly_what_the_store_of_bots_calls(dynamodb: "DynamoDBServiceResource", methods: str) -> None:
    grant, call = BOT_CALLS[methods]
    with recorded(dynamodb) as called:
        call(BotStore(dynamodb.Table("probe-trading")))
    assert called == GRANTED[grant]


OF_A_TRANSACTION = {"put", "put_definition"}
"""They return writes, which the grants of what writes them cover."""
OF_A_PERSON = {"set", "changes"}
"""Switches are set with the rights of whoever operates the stack; no function has them."""


@pytest.mark.parametrize(
    ("kind", "calls"), [(PortfolioStore, STORE_CALLS), (Switches, SWITCH_CALLS), (BotStore, BOT_CALLS)]
)
def test_every_public_method_has_a_grant(kind: type, calls: dict[str, object]) -> None:
    covered = {name for methods in calls for name in methods.replace(" and ", ", ").split(", ")}
    assert covered == {name for name in vars(kind) if not name.startswith("_")} - OF_A_PERSON - OF_A_TRANSACTION


def test_index_is_that_of_the_store() -> None:
    (table,) = STACK.of("aws:dynamodb/table:Table")
    assert [index["name"] for index in table.inputs["globalSecondaryIndexes"]] == [BY_NUMBER]
