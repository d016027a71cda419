"""The sender of a request, and the replies to it."""

import json
import time
from typing import Any, cast

import pytest

from tests.aws import ADA, ConnectionsApi
from tickfold.identity.user import User
from tickfold.protocol import Pong
from tickfold.realtime.caller import Caller
from tickfold.realtime.connections import ConnectionStore
from tickfold.realtime.sender import Sender


@pytest.fixture
def api() -> ConnectionsApi:
    return ConnectionsApi()


@pytest.fixture
def caller(connections: ConnectionStore, api: ConnectionsApi) -> Caller:
    return Caller("c1", "m1", ADA, Sender(connections, cast(Any, api)))


def test_reply_carries_the_correlation_id_of_the_request(caller: Caller, api: ConnectionsApi) -> None:
    caller.reply(Pong())
    caller.correlation_id = "x1"
    caller.reply(Pong())
    first, second = (json.loads(text) for text in api.to("c1"))
    assert "correlationId" not in first
    assert (second["type"], second["correlationId"]) == ("pong", "x1")


def test_send_says_whether_the_connection_exists(caller: Caller, api: ConnectionsApi) -> None:
    assert caller.send("text") is True
    api.errors["c1"] = "GoneException"
    assert caller.send("text") is False


def test_disconnect_closes_the_connection(caller: Caller, api: ConnectionsApi) -> None:
    caller.disconnect()
    assert api.closed == ["c1"]


@pytest.mark.parametrize(("seconds", "expired"), [(-1, True), (0, True), (60, False)])
def test_a_caller_has_expired_with_its_token(caller: Caller, seconds: int, expired: bool) -> None:
    caller.user = User("ada", (), int(time.time()) + seconds)
    assert caller.has_expired is expired
