"""Posting to connections, and forgetting those that are gone."""

from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from tests.aws import ADA, ConnectionsApi
from tickfold.realtime.connections import ConnectionStore
from tickfold.realtime.sender import Sender

GONE = ["GoneException", "410", "BadRequestException"]


@pytest.fixture
def api() -> ConnectionsApi:
    return ConnectionsApi()


@pytest.fixture
def sender(connections: ConnectionStore, api: ConnectionsApi) -> Sender:
    connections.subscribe("c1", ADA, "run#1")
    return Sender(connections, cast(Any, api))


def test_send_posts_the_text(sender: Sender, api: ConnectionsApi, connections: ConnectionStore) -> None:
    assert sender.send("c1", "µ") is True
    assert api.posts == [("c1", "µ")]
    assert list(connections.subscribers("run#1")) == ["c1"]


@pytest.mark.parametrize("code", GONE)
def test_send_to_a_connection_that_is_gone_forgets_it(
    sender: Sender, api: ConnectionsApi, connections: ConnectionStore, code: str
) -> None:
    connections.subscribe("c2", ADA, "run#2")
    api.errors["c1"] = code
    assert sender.send("c1", "text") is False
    assert not list(connections.subscribers("run#1"))
    assert list(connections.subscribers("run#2")) == ["c2"]


def test_send_to_a_connection_that_is_gone_forgets_topics_that_its_row_does_not_name(
    sender: Sender, api: ConnectionsApi, connections: ConnectionStore
) -> None:
    connections.remove("c1")
    connections._subscriptions.put_item(Item={"topic": "run#9", "connection_id": "c1", "expires_at": 4 * 10**9})
    api.errors["c1"] = "GoneException"
    sender.send("c1", "text", ["run#9"])
    assert not list(connections.subscribers("run#9"))


def test_send_raises_other_errors(sender: Sender, api: ConnectionsApi, connections: ConnectionStore) -> None:
    api.errors["c1"] = "LimitExceededException"
    with pytest.raises(ClientError, match="LimitExceeded"):
        sender.send("c1", "text")
    assert list(connections.subscribers("run#1")) == ["c1"]


@pytest.mark.parametrize("code", [None, *GONE])
def test_disconnect_forgets_and_closes(
    sender: Sender, api: ConnectionsApi, connections: ConnectionStore, code: str | None
) -> None:
    if code:
        api.errors["c1"] = code
    connections._subscriptions.put_item(Item={"topic": "run#9", "connection_id": "c1", "expires_at": 4 * 10**9})
    sender.disconnect("c1", ["run#9"])
    assert api.closed == ["c1"]
    assert not [*connections.subscribers("run#1"), *connections.subscribers("run#9")]


def test_disconnect_raises_other_errors(sender: Sender, api: ConnectionsApi) -> None:
    api.errors["c1"] = "ForbiddenException"
    with pytest.raises(ClientError, match="Forbidden"):
        sender.disconnect("c1")


def test_disconnect_closes_even_if_the_tables_fail(api: ConnectionsApi) -> None:
    class Broken:
        def remove(self, *_: object) -> None:
            raise OSError("no table")

    with pytest.raises(OSError, match="no table"):
        Sender(cast(Any, Broken()), cast(Any, api)).disconnect("c1")
    assert api.closed == ["c1"]


def test_a_message_before_the_handshake_is_over_costs_a_connection_no_subscription(
    api: ConnectionsApi, connections: ConnectionStore
) -> None:
    connections.add("c1", ADA)
    connections.subscribe("c1", ADA, "run#1")
    sender = Sender(connections, cast(Any, api))
    api.errors["c1"] = "GoneException"  # $connect has not been answered
    assert sender.send("c1", "too early", ["run#1"]) is False
    del api.errors["c1"]
    assert list(connections.subscribers("run#1")) == ["c1"]
    assert sender.send("c1", "now") is True
