"""Runs over HTTP: the same runs, owners and words as over the WebSocket."""

import json
from typing import Any

import pytest

from tests.aws import ADA, BOB
from tests.backtests.lake import config, sweep_config
from tests.backtests.records import begin
from tests.functions.api.conftest import Client, Json
from tests.functions.api.ended_runs import BARS, ended_run
from tickfold.backtests.run_archive import read_run
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.identity.user import User
from tickfold.protocol import Failed, dump
from tickfold.storage.bucket import Bucket

BACKTEST = {"type": "start_backtest", "config": json.loads(dump(config()))}
SWEEP = {"type": "start_sweep", "config": json.loads(dump(sweep_config()))}
FRIEND = User("fay", ("growth",), 4_000_000_000)
OF_A_RUN = ["", "/result", "/trades", "/equity", "/messages"]


# --- start -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [BACKTEST, SWEEP], ids=lambda body: str(body["type"]))
def test_run_is_started_and_can_be_found_where_the_answer_says(client: Client, body: Json) -> None:
    started = client.send("POST", "/v1/runs", body)
    run_id = started.json["runId"]
    assert (started.status, started.json["type"]) == (202, "accepted")
    assert started.headers["location"] == f"/v1/runs/{run_id}"
    assert list(client.step_functions.started) == [run_id]
    found = client.get(started.headers["location"])
    assert (found["runId"], found["status"], found["sweep"]) == (run_id, "running", body is SWEEP)


def test_unknown_fields_of_a_start_are_told(client: Client) -> None:
    assert client.send("POST", "/v1/runs", BACKTEST | {"colour": 1}).json["ignored"] == ["colour"]


def test_same_key_starts_one_run_and_has_the_same_answer(client: Client) -> None:
    key = {"Idempotency-Key": "k1"}
    first, second = (client.send("POST", "/v1/runs", BACKTEST, headers=key) for _ in range(2))
    assert first == second
    assert len(client.step_functions.started) == 1


def test_without_a_key_every_request_starts_a_run(client: Client) -> None:
    ids = {client.send("POST", "/v1/runs", BACKTEST).json["runId"] for _ in range(2)}
    assert len(ids) == len(client.step_functions.started) == 2


def test_key_of_another_request_is_a_conflict(client: Client) -> None:
    key = {"Idempotency-Key": "k1"}
    client.send("POST", "/v1/runs", BACKTEST, headers=key)
    other = client.send("POST", "/v1/runs", SWEEP, headers=key)
    assert (other.status, other.json["code"]) == (409, "conflict")
    assert "was used for another request" in other.json["detail"]


def test_keys_of_header_and_body_that_differ_are_refused(client: Client) -> None:
    refused = client.send("POST", "/v1/runs", BACKTEST | {"key": "k2"}, headers={"Idempotency-Key": "k1"})
    assert (refused.status, refused.json["code"]) == (422, "invalid")
    assert refused.json["detail"] == "key 'k2' and Idempotency-Key 'k1' differ: send one of them"
    assert not client.step_functions.started


def test_limit_of_concurrent_runs_says_when_to_try_again(client: Client) -> None:
    for _ in range(3):
        assert client.send("POST", "/v1/runs", BACKTEST).status == 202
    refused = client.send("POST", "/v1/runs", BACKTEST)
    assert (refused.status, refused.json["code"], refused.headers["retry-after"]) == (429, "limit", "60")
    assert "concurrent-run limit reached (3)" in refused.json["detail"]


def test_portfolio_of_others_is_not_found(client: Client) -> None:
    refused = client.send("POST", "/v1/runs", BACKTEST | {"portfolio": "growth"}, user=BOB)
    assert (refused.status, refused.json["detail"]) == (404, "portfolio growth is not one of yours")


# --- look ------------------------------------------------------------------------------------------------------------


def test_runs_are_listed_by_page_newest_first(client: Client) -> None:
    ids = [client.send("POST", "/v1/runs", BACKTEST).json["runId"] for _ in range(3)]
    first = client.get("/v1/runs?limit=2")
    assert [each["runId"] for each in first["runs"]] == ids[:0:-1]
    # As a client sends it, `+` of the time escaped: API Gateway has decoded it.
    second = client.get(f"/v1/runs?limit=2&before={first['next']}")
    assert ([each["runId"] for each in second["runs"]], second["next"]) == (ids[:1], None)
    assert client.get("/v1/runs", user=BOB)["runs"] == []


@pytest.mark.parametrize("part", OF_A_RUN)
def test_run_of_another_user_does_not_exist(client: Client, bucket: Bucket, runs: RunLifecycle, part: str) -> None:
    ended_run(bucket, runs, "WALK", portfolio="growth")
    refused = client.send("GET", f"/v1/runs/r1{part}", user=BOB)
    assert (refused.status, refused.json["code"], refused.json["detail"]) == (404, "not_found", "there is no run r1")
    assert client.send("GET", f"/v1/runs/r1{part}", user=ADA).status == 200
    assert client.send("GET", f"/v1/runs/r1{part}", user=FRIEND).status == 200  # of the same portfolio


@pytest.mark.parametrize("part", ["/result", "/trades", "/equity"])
def test_what_a_run_leaves_is_not_there_before_its_end(client: Client, runs: RunLifecycle, part: str) -> None:
    begin(runs)
    refused = client.send("GET", f"/v1/runs/r1{part}")
    assert (refused.status, refused.json["code"]) == (409, "conflict")
    assert refused.json["detail"] == "run r1 is still going on: 0 of 0 chunks are done"


def test_run_that_failed_has_a_reason_and_no_curve(client: Client, runs: RunLifecycle) -> None:
    begin(runs)
    runs.end("r1", Failed(stage="plan", reason="no bars"))
    assert client.get("/v1/runs/r1/result")["reason"] == "no bars"
    refused = client.send("GET", "/v1/runs/r1/equity")
    assert (refused.status, refused.json["detail"]) == (409, "run r1 has no result: it failed")


def test_messages_are_those_of_the_socket_after_the_last_that_the_client_has(
    client: Client, bucket: Bucket, runs: RunLifecycle
) -> None:
    ended_run(bucket, runs, "WALK")
    everything = client.get("/v1/runs/r1/messages")
    assert [json.loads(text) for text in runs.messages_after("r1", 0)] == everything["messages"]
    assert (everything["messages"][-1]["type"], everything["next"]) == ("result", None)
    last = everything["messages"][-1]["sequence"]
    assert [each["sequence"] for each in client.get(f"/v1/runs/r1/messages?after={last - 1}")["messages"]] == [last]
    assert client.get(f"/v1/runs/r1/messages?after={last}")["messages"] == []


def test_messages_come_by_page(client: Client, runs: RunLifecycle) -> None:
    begin(runs)
    for number in range(1, 130):
        runs.publish("r1", Failed(stage="plan", reason=str(number)), once=str(number))
    first = client.get("/v1/runs/r1/messages")
    second = client.get(f"/v1/runs/r1/messages?after={first['next']}")
    assert [each["sequence"] for each in first["messages"] + second["messages"]] == list(range(1, 131))
    assert second["next"] is None


# --- trades and equity -----------------------------------------------------------------------------------------------


def test_trades_come_by_page_in_the_order_of_exits(client: Client, bucket: Bucket, runs: RunLifecycle) -> None:
    ended_run(bucket, runs, "WALK")
    closed = read_run(runs, bucket, "r1").trades
    pages = [client.get("/v1/runs/r1/trades?limit=7")]
    while pages[-1]["next"] is not None:
        pages.append(client.get(f"/v1/runs/r1/trades?limit=7&after={pages[-1]['next']}"))
    trades = [trade for page in pages for trade in page["trades"]]
    assert [trade["pnl"] for trade in trades] == closed.pnl.tolist()
    assert [trade["exitTime"] * 1_000 for trade in trades] == closed.exit_time.tolist()
    assert [trade["number"] for trade in trades] == list(range(1, len(closed) + 1))
    assert {trade["symbol"] for trade in trades} == {"WALK"}
    assert {page["total"] for page in pages} == {len(closed)}
    assert len(pages) > 2
    beyond = client.get(f"/v1/runs/r1/trades?after={len(closed) + 5}")
    assert (beyond["trades"], beyond["next"]) == ([], None)


@pytest.mark.parametrize("symbols", [("WALK",), ("WALK", "OTHER")], ids=len)
def test_whole_curve_is_the_run_s_own(
    client: Client, bucket: Bucket, runs: RunLifecycle, symbols: tuple[str, ...]
) -> None:
    ended_run(bucket, runs, *symbols)
    recorded = read_run(runs, bucket, "r1")
    window = client.get("/v1/runs/r1/equity?points=1000")
    assert window["bars"] == len(window["points"]) == BARS
    columns = [list(each) for each in zip(*window["points"], strict=True)]
    assert columns[0] == (recorded.curve.timestamp // 1_000).tolist()
    assert columns[1] == recorded.curve.equity.tolist()
    assert min(columns[2]) == recorded.result.metrics["max_drawdown"]
    assert columns[3] == recorded.benchmark.tolist()


def test_thinned_curve_keeps_ends_and_extremes_of_the_window(
    client: Client, bucket: Bucket, runs: RunLifecycle
) -> None:
    ended_run(bucket, runs, "WALK")
    whole = client.get("/v1/runs/r1/equity?points=1000")["points"]
    start, end = whole[50][0], whole[400][0]
    window = client.get(f"/v1/runs/r1/equity?start={start}&end={end}&points=20")
    inside, points = whole[50:400], window["points"]
    assert window["bars"] == 350
    assert len(points) <= 20
    assert (points[0], points[-1]) == (inside[0], inside[-1])
    values = [point[1] for point in inside]
    assert {min(values), max(values)} <= {point[1] for point in points}
    assert all(point in inside for point in points)  # with the drawdown of the whole run


def test_window_without_bars_is_empty(client: Client, bucket: Bucket, runs: RunLifecycle) -> None:
    ended_run(bucket, runs, "WALK")
    assert client.get("/v1/runs/r1/equity?start=0&end=1000") == {"runId": "r1", "bars": 0, "points": []}


# --- cancel ----------------------------------------------------------------------------------------------------------


def test_cancel_is_idempotent_and_for_the_owner_only(client: Client) -> None:
    body = BACKTEST | {"portfolio": "growth"}
    location = client.send("POST", "/v1/runs", body).headers["location"]
    refused = client.send("DELETE", location, user=FRIEND)
    assert (refused.status, refused.json["code"]) == (409, "conflict")
    assert client.send("DELETE", location, user=BOB).status == 404
    first, second = (client.send("DELETE", location) for _ in range(2))
    assert (first.status, first.json["type"]) == (200, "cancelled")
    assert first.json == second.json
    assert client.get(location)["status"] == "cancelled"


def test_run_that_has_ended_cannot_be_cancelled(client: Client, bucket: Bucket, runs: RunLifecycle) -> None:
    ended_run(bucket, runs, "WALK")
    refused = client.send("DELETE", "/v1/runs/r1")
    assert (refused.status, refused.json["detail"]) == (409, "run r1 has ended already: succeeded")


# --- what does not change --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["/result", "/trades?limit=5", "/equity?points=9"])
def test_what_the_client_has_kept_is_not_sent_again(
    client: Client, bucket: Bucket, runs: RunLifecycle, part: str
) -> None:
    ended_run(bucket, runs, "WALK")
    first = client.send("GET", f"/v1/runs/r1{part}")
    etag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for kept in (etag, f'"other", {etag}', "*", etag.removeprefix("W/")):
        again = client.send("GET", f"/v1/runs/r1{part}", headers={"If-None-Match": kept})
        assert (again.status, again.body, again.headers["etag"]) == (304, "", etag)
    assert client.send("GET", f"/v1/runs/r1{part}", headers={"If-None-Match": '"other"'}) == first
    assert client.send("GET", f"/v1/runs/r1{part}", headers={"If-None-Match": etag}, user=BOB).status == 404


def test_what_changes_has_no_etag(client: Client) -> None:
    found = client.send("GET", "/v1/runs")
    assert ("etag" in found.headers, found.headers["cache-control"]) == (False, "no-store")


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("points=3", "points '3': input should be greater than or equal to 4"),
        ("points=5001", "points '5001': input should be less than or equal to 5000"),
        ("start=x", "start 'x': input should be a valid integer, unable to parse string as an integer"),
        ("start=5&end=5", "end 5 is not after start 5"),
        ("pints=3", "pints is not a known parameter (did you mean points?); known: start, end, points"),
    ],
)
def test_wrong_window_is_explained(client: Client, runs: RunLifecycle, query: str, detail: str) -> None:
    refused: Any = client.send("GET", f"/v1/runs/r1/equity?{query}")
    assert (refused.status, refused.json["detail"]) == (422, detail)
