"""Delivery: which subscribers a message goes to, in which order, and what becomes of those that fail."""

import threading
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest

from tests.aws import ConnectionsApi
from tickfold.realtime.delivery import BASE_TIMEOUT_SECONDS, THREADS, TIMEOUT_SECONDS_PER_MESSAGE, Delivery, Envelope
from tickfold.realtime.sender import Sender

RUN, USER, PORTFOLIO = "run#1", "user#ada", "portfolio#growth"


class Connections:
    """Subscribers by topic, the topics that were looked up, and what was removed."""

    def __init__(self, **subscribers: list[str]) -> None:
        self.of = {RUN: subscribers.get("run", []), USER: subscribers.get("user", [])}
        self.looked_up: list[str] = []
        self.removed: list[tuple[str, set[str]]] = []

    def subscribers(self, topic: str) -> Iterator[str]:
        self.looked_up.append(topic)
        return iter(self.of.get(topic, []))

    def remove(self, connection_id: str, topics: Any) -> None:
        self.removed.append((connection_id, set(topics)))

    def remove_gone(self, connection_id: str, topics: Any) -> None:
        self.remove(connection_id, topics)


class Log:
    def __init__(self) -> None:
        self.warnings: list[tuple[str, dict[str, str]]] = []

    def warning(self, message: str, /, *, extra: dict[str, str]) -> None:
        self.warnings.append((message, extra))


def deliver(connections: Connections, api: ConnectionsApi, *envelopes: Envelope, timeout: float = 3.0) -> Log:
    log = Log()
    sender = Sender(cast(Any, connections), cast(Any, api))
    Delivery(cast(Any, connections), sender, log, timeout).deliver(envelopes)
    return log


@pytest.fixture
def api() -> ConnectionsApi:
    return ConnectionsApi()


def test_a_message_goes_to_the_subscribers_of_its_topics_and_to_no_other(api: ConnectionsApi) -> None:
    deliver(Connections(run=["c1"], user=["c2"]), api, Envelope("text", (RUN,)))
    assert api.posts == [("c1", "text")]


def test_a_subscriber_of_several_topics_gets_a_message_once(api: ConnectionsApi) -> None:
    deliver(Connections(run=["c1", "c2"], user=["c1"]), api, Envelope("text", (RUN, USER, PORTFOLIO)))
    assert sorted(api.posts) == [("c1", "text"), ("c2", "text")]


def test_the_connection_that_has_a_message_already_gets_the_others_only(api: ConnectionsApi) -> None:
    sent = [Envelope("one", (RUN,), already_sent_to="c1"), Envelope("two", (RUN,), already_sent_to="other")]
    deliver(Connections(run=["c1", "c2"]), api, *sent)
    assert (api.to("c1"), api.to("c2")) == (["two"], ["one", "two"])


def test_messages_come_in_order_and_topics_are_looked_up_once(api: ConnectionsApi) -> None:
    connections = Connections(run=["c1", "c2"])
    deliver(connections, api, *(Envelope(str(number), (RUN,)) for number in range(20)))
    assert api.to("c1") == api.to("c2") == [str(number) for number in range(20)]
    assert connections.looked_up == [RUN]


def test_no_messages_and_no_subscribers_are_no_work(api: ConnectionsApi) -> None:
    deliver(Connections(), api)
    deliver(Connections(), api, Envelope("text", (RUN,)))
    assert not api.posts


def test_a_connection_that_is_gone_is_removed_and_gets_no_more(api: ConnectionsApi) -> None:
    connections = Connections(run=["c1", "c2"], user=["c1"])
    api.errors["c1"] = "GoneException"
    log = deliver(connections, api, Envelope("one", (RUN,)), Envelope("two", (USER,)))
    assert connections.removed == [("c1", {RUN, USER})]
    assert (api.to("c2"), log.warnings, api.closed) == (["one"], [], [])


def test_a_connection_that_cannot_be_sent_to_is_cut_off(api: ConnectionsApi) -> None:
    connections = Connections(run=["c1", "c2"])
    api.errors["c1"] = "LimitExceededException"
    log = deliver(connections, api, Envelope("text", (RUN,)))
    assert connections.removed == [("c1", {RUN})]
    assert (api.to("c2"), api.closed) == (["text"], ["c1"])
    (cut, failed) = log.warnings
    assert (cut[0], cut[1]["connection_id"]) == ("connection cut off", "c1")
    assert cut[1]["reason"].startswith("ClientError: ")
    assert "LimitExceeded" in cut[1]["reason"]
    assert (failed[0], failed[1]["connection_id"]) == ("cutting off failed", "c1")  # its deletion fails likewise
    assert failed[1]["reason"].startswith("ClientError: ")


def test_a_slow_connection_is_cut_off_and_delays_no_other() -> None:
    released = threading.Event()

    class Slow(ConnectionsApi):
        def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> None:  # noqa: N803
            if ConnectionId == "slow":
                released.wait(10)
            super().post_to_connection(ConnectionId=ConnectionId, Data=Data)

    api, connections = Slow(), Connections(run=["slow", "c2"])
    began = time.monotonic()
    log = deliver(connections, api, Envelope("one", (RUN,)), Envelope("two", (RUN,)), timeout=0.1)
    took = time.monotonic() - began
    released.set()
    assert api.to("c2") == ["one", "two"]
    assert (api.closed, connections.removed) == (["slow"], [("slow", {RUN})])
    assert log.warnings[0][1]["reason"] == "its messages were not sent within 0.5 s"
    assert 0.45 <= took < 5


def test_a_connection_has_three_seconds_and_a_fifth_for_each_message() -> None:
    assert (BASE_TIMEOUT_SECONDS, TIMEOUT_SECONDS_PER_MESSAGE, THREADS) == (3.0, 0.2, 32)
    assert Delivery(cast(Any, None), cast(Any, None), Log()).base_timeout_seconds == 3.0


def test_connections_are_sent_to_at_once() -> None:
    """Each post waits until all have begun: one after the other, none would end."""
    barrier = threading.Barrier(8)

    class Meeting(ConnectionsApi):
        def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> None:  # noqa: N803
            barrier.wait(5)
            super().post_to_connection(ConnectionId=ConnectionId, Data=Data)

    api = Meeting()
    log = deliver(Connections(run=[f"c{number}" for number in range(8)]), api, Envelope("text", (RUN,)))
    assert (len(api.posts), log.warnings) == (8, [])
