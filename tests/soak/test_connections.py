"""Connections that are cut, forgotten, expired, slow or dead: a client that comes back misses nothing."""

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import pytest

from embedded.stack import EmbeddedStack
from tests.conftest import url_for
from tests.e2e.faulty_proxy import CONNECTIONS, Fault, Request, between
from tests.e2e.final_state import FinalState, final_state
from tests.e2e.long_open import as_if_long_open
from tests.e2e.recorder import ReconnectingClient, Recorder, Recorders
from tests.e2e.release import gate
from tests.e2e.websocket_client import SMA, Json, start

REQUEST = start(**SMA, chunks=4)
SECONDS = 30


def _begin(recorder: Recorder, request: Json = REQUEST) -> str:
    """Start a run; return its id."""
    recorder.send(request)
    run_id: str = recorder.wait_for(lambda message: message["type"] == "accepted")["runId"]
    return run_id


def _is(kind: str) -> Callable[[Json], bool]:
    return lambda message: bool(message["type"] == kind)


def _has_more(client: ReconnectingClient, run_id: str, seen: int) -> bool:
    return client.last_in_order(run_id) > seen


def _connection_id(recorder: Recorder) -> str:
    recorder.send({"type": "whoami"})
    return str(recorder.wait_for(lambda message: message["type"] == "identity")["connectionId"])


def _rows(stack: EmbeddedStack, table: str) -> list[Json]:
    pages = stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.outputs[f"{table}_table"])
    return [row for page in pages for row in page["Items"]]


def _rows_of(stack: EmbeddedStack, connection_id: str) -> list[Json]:
    rows = _rows(stack, "connections") + _rows(stack, "subscriptions")
    return [row for row in rows if row["connection_id"]["S"] == connection_id]


def _wait_until_forgotten(stack: EmbeddedStack, connection_id: str) -> None:
    deadline = time.monotonic() + SECONDS
    while rows := _rows_of(stack, connection_id):
        assert time.monotonic() < deadline, f"a closed connection is remembered: {rows}"
        time.sleep(0.05)


def _delete_rows(stack: EmbeddedStack, connection_id: str) -> None:
    client = stack.client("dynamodb")
    for row in _rows_of(stack, connection_id):
        key = {name: row[name] for name in ("topic", "connection_id") if name in row}
        table = "subscriptions" if "topic" in key else "connections"
        client.delete_item(TableName=stack.outputs[f"{table}_table"], Key=key)


def _heard_all(client: ReconnectingClient, left: FinalState) -> None:
    """Hold the client to having every message, and copies that are the same to the byte."""
    copies = client.copies(left.run.run_id)
    assert [set(copies[sequence]) for sequence in sorted(copies)] == [{body} for body in left.bodies]


def test_a_client_that_is_cut_off_ten_times_has_every_message(
    stack: EmbeddedStack, recorders: Recorders, url: str, tmp_path: Path
) -> None:
    client = ReconnectingClient(url, recorders)
    recorder = client.connect()
    with gate(stack, "reduce", tmp_path, before="tickfold.backtests.run_lifecycle.RunLifecycle.end") as way:
        run_id = _begin(recorder)
        for _ in range(10):
            seen = client.last_in_order(run_id)
            recorder.cut()
            recorder.wait_for_close()
            recorder = client.resume(run_id)
            recorder.wait_for(lambda message: message["type"] == "resumed")
            if not way.is_reached:  # then there is more to come
                recorder.wait_until(partial(_has_more, client, run_id, seen))
        way.wait()
        way.open()
        recorder.wait_for(lambda message: message["type"] == "result")
    left = final_state(stack, run_id)
    _heard_all(client, left)
    assert left.kinds.count("partial") > 1


def test_a_connection_that_is_forgotten_can_be_used_again(
    stack: EmbeddedStack, recorders: Recorders, url: str, tmp_path: Path
) -> None:
    client = ReconnectingClient(url, recorders)
    recorder = client.connect()
    connection_id = _connection_id(recorder)
    with gate(stack, "simulate", tmp_path) as way:
        run_id = _begin(recorder)
        recorder.wait_for(lambda message: message["type"] == "planned")
        way.wait()
        _delete_rows(stack, connection_id)
        for kind in ("unsubscribe", "subscribe"):
            recorder.send({"type": kind, "topic": "user"})
            recorder.wait_for(_is(f"{kind}d"))
        recorder.send({"type": "resume", "runId": run_id, "after": 0})
        recorder.wait_for(lambda message: message["type"] == "resumed")
        way.open()
        recorder.wait_for(lambda message: message["type"] == "result")
    _heard_all(client, final_state(stack, run_id))
    _delete_rows(stack, connection_id)
    answer = stack.client("lambda").invoke(
        FunctionName="tickfold-embedded-disconnect:live",
        Payload=json.dumps({"requestContext": {"connectionId": connection_id}}),
    )
    assert json.loads(answer["Payload"].read()) == {"statusCode": 200}


def test_nothing_is_delivered_after_a_token_has_expired(
    stack: EmbeddedStack, recorders: Recorders, tmp_path: Path
) -> None:
    base = stack.outputs["websocket_url"]
    lasting = recorders.open(url_for(stack, "expirer"))
    with gate(stack, "reduce", tmp_path) as way:
        client = ReconnectingClient(f"{base}?token={stack.token('expirer', seconds=6)}", recorders)
        recorder = client.connect()
        recorder.send({"type": "whoami"})
        expires = recorder.wait_for(lambda message: message["type"] == "identity")["expiresAt"] / 1_000
        run_id = _begin(recorder)
        lasting.send({"type": "resume", "runId": run_id, "after": 0})
        way.wait()
        time.sleep(max(0.0, expires - time.time()))  # it is the time itself that is waited for
        way.open()
        left = final_state(stack, run_id)
        lasting.wait_for(lambda message: message["type"] == "result")
        assert recorder.frames[-1].received_at < expires
        recorder.send({"type": "ping"})
        assert recorder.wait_for(lambda message: message["type"] == "error")["code"] == "expired"
        recorder.wait_for_close()
    assert len(client.copies(run_id)) < len(left.bodies)
    client.url = url_for(stack, "expirer")
    client.resume(run_id).wait_for(lambda message: message["type"] == "result")
    _heard_all(client, left)


def _refuse() -> Fault:
    """Say that the buffer for the connection is full, as API Gateway does of a client that does not read."""
    return Fault(429, "LimitExceededException")


def _hang() -> Fault:
    """Answer when nobody waits any more."""
    time.sleep(6)
    return Fault(503, "ServiceUnavailable")


@pytest.mark.parametrize("refuse", [_refuse, pytest.param(_hang, marks=pytest.mark.soak)])
def test_a_slow_and_a_dead_follower_delay_nobody(
    stack: EmbeddedStack, recorders: Recorders, in_full: bool, refuse: Callable[[], Fault]
) -> None:
    url = url_for(stack, "slowed", ["slowed"]) + "&portfolioId=slowed"
    starter, slow, dead, *others = recorders.open_all([url] * (40 if in_full else 6))
    slow_id, dead_id = (_connection_id(recorder) for recorder in (slow, dead))
    as_if_long_open(stack, dead_id)

    def trouble(request: Request) -> Fault | None:
        if request.operation == "POST" and slow_id in request.path:
            return refuse()
        return Fault(410, "GoneException") if dead_id in request.path else None

    with between(stack, ["deliver"], CONNECTIONS, trouble) as faults:
        run_id = _begin(starter, REQUEST | {"portfolio": "slowed"})
        left = final_state(stack, run_id)
        for recorder in others:
            recorder.wait_for(_is("result"))
        slow.wait_for_close()
        for connection_id in (slow_id, dead_id):
            _wait_until_forgotten(stack, connection_id)
    starter.wait_for(_is("result"))
    for recorder in (starter, *others):  # the starter has `accepted` as its answer, and not again
        assert [frame.text for frame in recorder.of(run_id)] == left.bodies
    delays = [
        frame.received_at - left.appended_at[frame.message["sequence"] - 1]
        for recorder in others
        for frame in recorder.of(run_id)
    ]
    typical, longest = median(delays) * 1_000, max(delays) * 1_000
    print(f"\nbeside a slow and a dead recorder: median {typical:.0f} ms, at most {longest:.0f} ms")
    assert faults["GoneException"] >= 1


@pytest.mark.soak
def test_nobody_is_cut_off_because_there_are_many(stack: EmbeddedStack, recorders: Recorders) -> None:
    """With so many connections a batch takes longer than one connection may, and none of them takes long."""
    url = url_for(stack, "many", ["many"]) + "&portfolioId=many"
    starter, *others = recorders.open_all([url] * 150)

    def far_away(_request: Request) -> None:
        time.sleep(0.2)

    with between(stack, ["deliver"], CONNECTIONS, far_away):
        left = final_state(stack, _begin(starter, REQUEST | {"portfolio": "many"}))
        for recorder in others:
            recorder.wait_for(_is("result"))
            assert [frame.text for frame in recorder.of(left.run.run_id)] == left.bodies


def test_rows_of_closed_connections_are_gone_and_all_others_expire(
    stack: EmbeddedStack, recorders: Recorders, url: str
) -> None:
    closed, cut, kept = recorders.open_all([f"{url}&portfolioId=growth"] * 3)
    ids = [_connection_id(recorder) for recorder in (closed, cut, kept)]
    for recorder in (closed, cut, kept):
        recorder.send({"type": "subscribe", "topic": "user"})
        recorder.wait_for(lambda message: message["type"] == "subscribed")
    closed.close()
    cut.cut()
    for connection_id in ids[:2]:
        _wait_until_forgotten(stack, connection_id)
    assert len(_rows_of(stack, ids[2])) == 3
    rows = [row for table in ("connections", "subscriptions", "runs", "users") for row in _rows(stack, table)]
    lasting = {row.get("entry", {}).get("S") for row in rows if "expires_at" not in row}
    assert lasting <= {"running", "active"}


def test_a_subscription_that_has_expired_and_is_not_deleted_yet_gets_no_message(
    stack: EmbeddedStack, recorders: Recorders, url: str
) -> None:
    expired, other = recorders.open_all([f"{url}&portfolioId=growth"] * 2)
    connection_id = _connection_id(expired)
    stack.client("dynamodb").put_item(
        TableName=stack.outputs["subscriptions_table"],
        Item={
            "topic": {"S": "portfolio#growth"},
            "connection_id": {"S": connection_id},
            "expires_at": {"N": str(int(time.time()) - 1)},
        },
    )
    run_id = _begin(other, REQUEST | {"portfolio": "growth"})
    final_state(stack, run_id)
    other.wait_for(lambda message: message["type"] == "result")
    assert expired.of(run_id) == []
