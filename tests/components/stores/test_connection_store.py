"""The grants of the tables of connections allow exactly what the store's methods call."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from components.aws.grant import Grant
from components.stores.connection_store import ConnectionTables
from tests.components.stores.rights import dynamodb_with, granted, recorded
from tickfold.identity.user import User
from tickfold.realtime.connections import ConnectionStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

ADA = User("ada", ("growth",), 4_000_000_000)


def grants() -> dict[str, Grant]:
    tables = ConnectionTables("probe", protect=False)
    return {
        "add": tables.may_add(),
        "subscribe": tables.may_subscribe(),
        "unsubscribe": tables.may_unsubscribe(),
        "subscribers": tables.may_find_subscribers(),
        "remove": tables.may_remove(),
        "remove_gone": tables.may_remove(),
    }


STACK, GRANTED = granted(grants)
CALLS: dict[str, Callable[[ConnectionStore], object]] = {
    "add": lambda store: store.add("c1", ADA),
    "subscribe": lambda store: store.subscribe("c1", ADA, "run#1"),
    "unsubscribe": lambda store: store.unsubscribe("c1", "run#1"),
    "subscribers": lambda store: list(store.subscribers("run#1")),
    "remove": lambda store: store.remove("c1"),
    "remove_gone": lambda store: store.remove_gone("c2", ["run#1"]),
}


@pytest.fixture
def dynamodb() -> Iterator["DynamoDBServiceResource"]:
    with dynamodb_with(STACK) as resource:
        yield resource


@pytest.mark.parametrize("method", CALLS)
def test_grant_allows_exactly_what_the_method_calls(dynamodb: "DynamoDBServiceResource", method: str) -> None:
    store = ConnectionStore(dynamodb.Table("probe-connections"), dynamodb.Table("probe-subscriptions"))
    store.add("c1", ADA)
    store.subscribe("c1", ADA, "run#1")
    with recorded(dynamodb) as called:
        CALLS[method](store)
    assert called == GRANTED[method]


def test_every_public_method_has_a_grant() -> None:
    assert {name for name in vars(ConnectionStore) if not name.startswith("_")} == CALLS.keys()
