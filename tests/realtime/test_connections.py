"""The tables of connections and subscriptions."""

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from components.aws.websocket_api import INTEGRATION_TIMEOUT_MILLISECONDS
from tests.aws import ADA, BOB, CONNECTIONS, SUBSCRIPTIONS, rows
from tickfold.errors import RunError
from tickfold.identity.user import User
from tickfold.realtime.connections import MAX_CONNECTION_SECONDS, MOST_TOPICS, OPENING_SECONDS, ConnectionStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource


def test_add_records_the_user_and_expires_after_two_hours(
    connections: ConnectionStore, dynamodb: "DynamoDBServiceResource"
) -> None:
    connections.add("c1", ADA)
    (row,) = rows(dynamodb.Table(CONNECTIONS))
    assert (row["connection_id"], row["user_id"], row["portfolios"]) == ("c1", "ada", {"growth"})
    assert int(row["expires_at"]) - time.time() == pytest.approx(MAX_CONNECTION_SECONDS, abs=5)
    assert MAX_CONNECTION_SECONDS == 7_500


def test_add_expires_with_the_token_if_that_is_earlier(
    connections: ConnectionStore, dynamodb: "DynamoDBServiceResource"
) -> None:
    soon = int(time.time()) + 60
    connections.add("c1", User("bob", (), soon))
    (row,) = rows(dynamodb.Table(CONNECTIONS))
    assert int(row["expires_at"]) == soon
    assert "portfolios" not in row


def test_subscribers_are_those_of_the_topic(connections: ConnectionStore) -> None:
    connections.subscribe("c1", ADA, "run#1")
    connections.subscribe("c2", BOB, "run#1")
    connections.subscribe("c3", BOB, "run#2")
    assert sorted(connections.subscribers("run#1")) == ["c1", "c2"]
    assert list(connections.subscribers("run#2")) == ["c3"]
    assert not list(connections.subscribers("run#3"))


def test_subscribers_omit_those_that_have_expired(connections: ConnectionStore) -> None:
    connections.subscribe("c1", User("ada", (), int(time.time()) - 1), "run#1")
    connections.subscribe("c2", User("ada", (), int(time.time()) + 60), "run#1")
    assert list(connections.subscribers("run#1")) == ["c2"]


def test_subscribe_is_idempotent_and_makes_a_lost_row_again(
    connections: ConnectionStore, dynamodb: "DynamoDBServiceResource"
) -> None:
    for _ in range(2):
        connections.subscribe("c1", ADA, "run#1")
    (row,) = rows(dynamodb.Table(CONNECTIONS))
    assert (row["user_id"], row["topics"]) == ("ada", {"run#1"})
    assert int(row["expires_at"]) > time.time()
    assert list(connections.subscribers("run#1")) == ["c1"]


def test_subscribe_beyond_the_limit_is_refused(connections: ConnectionStore) -> None:
    connections.subscribe("c1", ADA, "run#1", most=2)
    connections.subscribe("c1", ADA, "run#2", most=2)
    with pytest.raises(RunError, match=r"subscription limit of a connection reached \(2\)") as caught:
        connections.subscribe("c1", ADA, "run#3", most=2)
    assert caught.value.code == "limit"
    assert not list(connections.subscribers("run#3"))
    connections.subscribe("c1", ADA, "run#2", most=2)  # it has that one
    assert MOST_TOPICS == 200


def test_unsubscribe_makes_room_and_is_idempotent(
    connections: ConnectionStore, dynamodb: "DynamoDBServiceResource"
) -> None:
    connections.subscribe("c1", ADA, "run#1", most=1)
    for _ in range(2):
        connections.unsubscribe("c1", "run#1")
    assert not list(connections.subscribers("run#1"))
    connections.subscribe("c1", ADA, "run#2", most=1)
    connections.unsubscribe("unknown", "run#1")
    assert [row["connection_id"] for row in rows(dynamodb.Table(CONNECTIONS))] == ["c1"]


def test_remove_forgets_all_subscriptions_of_that_connection(
    connections: ConnectionStore, dynamodb: "DynamoDBServiceResource"
) -> None:
    for topic in ("run#1", "run#2"):
        connections.subscribe("c1", ADA, topic)
    connections.subscribe("c2", BOB, "run#1")
    for _ in range(2):
        connections.remove("c1")
    assert [row["connection_id"] for row in rows(dynamodb.Table(CONNECTIONS))] == ["c2"]
    assert [row["connection_id"] for row in rows(dynamodb.Table(SUBSCRIPTIONS))] == ["c2"]


def test_remove_forgets_named_topics_of_a_row_that_was_lost(
    connections: ConnectionStore, dynamodb: "DynamoDBServiceResource"
) -> None:
    connections.subscribe("c1", ADA, "run#1")
    dynamodb.Table(CONNECTIONS).delete_item(Key={"connection_id": "c1"})
    connections.remove("c1", ["run#1"])
    assert not list(connections.subscribers("run#1"))


@pytest.mark.parametrize(("age", "forgotten"), [(OPENING_SECONDS - 5, False), (OPENING_SECONDS + 1, True)])
def test_remove_gone_keeps_a_connection_that_may_be_opening(
    connections: ConnectionStore, dynamodb: "DynamoDBServiceResource", age: int, forgotten: bool
) -> None:
    connections.add("c1", ADA)
    connections.subscribe("c1", ADA, "run#1")
    connected_at = datetime.now(UTC) - timedelta(seconds=age)
    dynamodb.Table(CONNECTIONS).update_item(
        Key={"connection_id": "c1"},
        UpdateExpression="SET connected_at = :then",
        ExpressionAttributeValues={":then": connected_at.isoformat(timespec="milliseconds")},
    )
    connections.remove_gone("c1", ["run#1"])
    kept = [] if forgotten else ["c1"]
    assert [row["connection_id"] for row in rows(dynamodb.Table(CONNECTIONS))] == kept
    assert list(connections.subscribers("run#1")) == kept


def test_a_connection_may_be_opening_for_as_long_as_api_gateway_waits() -> None:
    assert OPENING_SECONDS > INTEGRATION_TIMEOUT_MILLISECONDS / 1_000
