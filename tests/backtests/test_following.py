"""Following runs: who may see them, and what is sent."""

import json
from typing import Any

import pytest

from tests.aws import ADA, BOB
from tests.backtests.records import Connection, begin, caller, result
from tickfold.backtests.following import RunFollower, replay, visible_run
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.errors import RunError
from tickfold.identity.user import User
from tickfold.protocol import Failed, GetResult, Planned, Resume
from tickfold.realtime.connections import ConnectionStore

PLANNED = Planned(symbol="AAPL", timeframe="1d", bars=10, chunks=100)
CAROL = User("carol", ("growth", "income"), 4_000_000_000)


@pytest.fixture
def follower(runs: RunLifecycle, connections: ConnectionStore) -> RunFollower:
    return RunFollower(runs, connections)


@pytest.fixture
def connection() -> Connection:
    return Connection()


def sent(connection: Connection) -> list[dict[str, Any]]:
    return [json.loads(text) for text in connection.sent]


def test_a_run_is_visible_to_its_user_and_to_its_portfolio(runs: RunLifecycle) -> None:
    begin(runs, "own")
    begin(runs, "shared", portfolio="growth")
    assert visible_run(runs, ADA, "own").run_id == "own"
    assert visible_run(runs, CAROL, "shared").run_id == "shared"
    for user, run_id in ((BOB, "own"), (BOB, "shared"), (CAROL, "own"), (ADA, "nothing")):
        with pytest.raises(RunError, match=f"there is no run {run_id}") as caught:
            visible_run(runs, user, run_id)
        assert caught.value.code == "not_found"


def test_resume_subscribes_and_sends_what_was_missed(
    follower: RunFollower, runs: RunLifecycle, connections: ConnectionStore, connection: Connection
) -> None:
    begin(runs)
    runs.publish("r1", PLANNED, once="planned")
    runs.publish_all_done("r1", 100)
    follower.resume(caller(connection), Resume(run_id="r1", after=1))
    resumed, *missed = sent(connection)
    assert (resumed["type"], resumed["runId"], resumed["status"]) == ("resumed", "r1", "running")
    assert (resumed["lastSequence"], resumed["correlationId"]) == (3, "x1")
    assert [(each["type"], each["sequence"]) for each in missed] == [("planned", 2), ("progress", 3)]
    assert list(connections.subscribers("run#r1")) == ["c1"]


def test_resume_sends_what_was_appended_before_it_subscribed(
    runs: RunLifecycle, connections: ConnectionStore, connection: Connection
) -> None:
    class Busy(ConnectionStore):
        def subscribe(self, *arguments: Any) -> None:
            runs.publish("r1", PLANNED, once="planned")
            super().subscribe(*arguments)

    begin(runs)
    busy = Busy(connections._connections, connections._subscriptions)
    RunFollower(runs, busy).resume(caller(connection), Resume(run_id="r1", after=0))
    assert sent(connection)[0]["lastSequence"] == 2


def test_resume_stops_when_the_connection_is_gone(
    follower: RunFollower, runs: RunLifecycle, connection: Connection
) -> None:
    begin(runs)
    runs.publish("r1", PLANNED, once="planned")
    connection.gone_after = 1
    follower.resume(caller(connection), Resume(run_id="r1", after=0))
    assert len(connection.sent) == 1


def test_resume_of_a_run_of_others_subscribes_to_nothing(
    follower: RunFollower, runs: RunLifecycle, connections: ConnectionStore, connection: Connection
) -> None:
    begin(runs)
    with pytest.raises(RunError, match="there is no run r1"):
        follower.resume(caller(connection, BOB), Resume(run_id="r1"))
    assert not list(connections.subscribers("run#r1"))
    assert not connection.sent


def test_replay_sends_all_messages_the_first_as_the_reply(runs: RunLifecycle, connection: Connection) -> None:
    run = begin(runs)
    runs.publish("r1", PLANNED, once="planned")
    replay(runs, caller(connection), run)
    assert [(each["type"], each.get("correlationId")) for each in sent(connection)] == [
        ("accepted", "x1"),
        ("planned", None),
    ]


def test_get_result_sends_the_final_message(follower: RunFollower, runs: RunLifecycle, connection: Connection) -> None:
    begin(runs)
    runs.end("r1", result())
    follower.get_result(caller(connection), GetResult(run_id="r1"))
    (reply,) = sent(connection)
    assert (reply["type"], reply["sequence"], reply["correlationId"]) == ("result", 2, "x1")


def test_get_result_of_a_run_that_goes_on_is_a_conflict(
    follower: RunFollower, runs: RunLifecycle, connection: Connection
) -> None:
    begin(runs)
    runs.set("r1", chunks=4, chunks_done=1)
    with pytest.raises(RunError, match=r"run r1 is still going on: 1 of 4 chunks are done") as caught:
        follower.get_result(caller(connection), GetResult(run_id="r1"))
    assert caught.value.code == "conflict"
    runs.end("r1", Failed(stage="plan", reason="no bars"))
    runs.reopen("r1")  # it has a final message, but goes on
    with pytest.raises(RunError, match="is still going on"):
        follower.get_result(caller(connection), GetResult(run_id="r1"))


@pytest.mark.parametrize(
    ("topic", "name", "stored"),
    [
        ("user", None, "user#ada"),
        ("user", "ada", "user#ada"),
        ("portfolio", "growth", "portfolio#growth"),
        ("run", "r1", "run#r1"),
    ],
)
def test_subscribe_and_unsubscribe_own_topics(
    follower: RunFollower,
    runs: RunLifecycle,
    connections: ConnectionStore,
    connection: Connection,
    *,
    topic: Any,
    name: str | None,
    stored: str,
) -> None:
    begin(runs)
    follower.subscribe(caller(connection), topic, name)
    assert list(connections.subscribers(stored)) == ["c1"]
    for _ in range(2):
        follower.unsubscribe(caller(connection), topic, name)
    assert not list(connections.subscribers(stored))
    known = stored.partition("#")[2]
    assert [(each["type"], each["topic"], each["id"], each["correlationId"]) for each in sent(connection)] == [
        ("subscribed", topic, known, "x1"),
        *[("unsubscribed", topic, known, "x1")] * 2,
    ]


@pytest.mark.parametrize(
    ("topic", "name", "reason"),
    [
        ("user", "bob", "you are ada, and can subscribe to no other user"),
        ("portfolio", "income", "portfolio income is not one of yours"),
        ("run", "r9", "there is no run r9"),
    ],
)
def test_topics_of_others_do_not_exist(
    follower: RunFollower,
    connections: ConnectionStore,
    connection: Connection,
    *,
    topic: Any,
    name: str,
    reason: str,
) -> None:
    for work in (follower.subscribe, follower.unsubscribe):
        with pytest.raises(RunError, match=reason) as caught:
            work(caller(connection), topic, name)
        assert caught.value.code == "not_found"
    assert not list(connections.subscribers(f"{topic}#{name}"))
    assert not connection.sent
