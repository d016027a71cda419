"""What goes wrong on the way: crashing workers, workers run twice, lost connections, a stack that is broken."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from embedded.stack import EmbeddedStack
from tests.conftest import url_for
from tests.e2e.conversation import SMA, Json, conversation, run, start
from tests.e2e.executions import ended
from tests.e2e.release import deployed
from tickfold.market_data.bar_store import SeriesStore
from tickfold.storage import layout

CRASH_ONCE = """
import os, pathlib
from functions.backtests import simulate_itself

def handler(event, context):
    marker = pathlib.Path({marker!r}, f"{{event['run_id']}}-{{event['chunk']}}")
    first = event["chunk"] in {chunks!r} and not marker.exists()
    if first and {before!r}:
        marker.touch()
        os._exit(1)
    output = simulate_itself.handler(event, context)
    if first:
        marker.touch()
        os._exit(1)
    return output
"""
CRASH_ALWAYS = """
import os

def handler(event, context):
    os._exit(1)
"""
RAISE = """
from functions.backtests import {stage}_itself
from functions.backtests.step import step

def fail(event, dependencies):
    raise ValueError("the password is hunter2")

handler = step("{stage}", fail, {stage}_itself.dependencies)
"""


def record(stack: EmbeddedStack, run_id: str) -> dict[str, Any]:
    item = stack.client("dynamodb").get_item(
        TableName=stack.outputs["runs_table"], Key={"run_id": {"S": run_id}, "entry": {"S": "run"}}
    )["Item"]
    return {name: next(iter(value.values())) for name, value in item.items()}


def wait_for_end(stack: EmbeddedStack, run_id: str) -> dict[str, Any]:
    for _ in range(600):
        found = record(stack, run_id)
        if found["status"] != "running":
            return found
        time.sleep(0.1)
    raise AssertionError(f"{run_id} did not end")


def objects(stack: EmbeddedStack) -> dict[str, str]:
    pages = stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=stack.outputs["bucket"], Prefix="data/")
    return {entry["Key"]: entry["ETag"] for page in pages for entry in page.get("Contents", [])}


def comparable(result: Json) -> Json:
    own = {"runId", "sequence", "executionArn", "tradesUri", "equityUri", "durationSeconds"}
    return {name: value for name, value in result.items() if name not in own}


@pytest.mark.parametrize("before", [True, False], ids=["before its work", "after its work"])
def test_a_worker_that_crashes_is_run_again(stack: EmbeddedStack, url: str, tmp_path: Path, before: bool) -> None:
    undisturbed = run(url, start(**SMA, chunks=6))[-1]
    source = CRASH_ONCE.format(marker=str(tmp_path), chunks=[1, 4], before=before)
    with deployed(stack, "simulate", source):
        result = run(url, start(**SMA, chunks=6))[-1]
    assert len(list(tmp_path.iterdir())) == 2  # both did crash
    assert comparable(result) == comparable(undisturbed)


def test_a_worker_run_twice_changes_nothing(stack: EmbeddedStack, url: str) -> None:
    run_id = run(url, start(**SMA, chunks=5))[-1]["runId"]
    before, counted = objects(stack), record(stack, run_id)
    for chunk in (0, 4):
        answer = stack.client("lambda").invoke(
            FunctionName="tickfold-embedded-simulate:live",
            Payload=json.dumps({"run_id": run_id, "symbol": "AAPL", "chunk": chunk}),
        )
        assert "FunctionError" not in answer
    assert objects(stack) == before
    assert record(stack, run_id) == counted
    assert counted["chunks_done"] == "5"


def test_a_reducer_run_twice_changes_nothing(stack: EmbeddedStack, url: str) -> None:
    run_id = run(url, start(**SMA, chunks=5))[-1]["runId"]
    before, recorded = objects(stack), record(stack, run_id)
    answer = stack.client("lambda").invoke(
        FunctionName="tickfold-embedded-reduce:live", Payload=json.dumps({"run_id": run_id})
    )
    assert json.loads(answer["Payload"].read()) == {"run_id": run_id, "status": "succeeded"}
    assert objects(stack) == before
    assert record(stack, run_id) == recorded


def test_a_run_outlives_its_connection_and_a_new_one_gets_what_was_missed(stack: EmbeddedStack, url: str) -> None:
    with conversation(url) as client:
        client.say(start(**SMA, chunks=40))
        first = client.hear()
    ended = wait_for_end(stack, first["runId"])
    assert ended["status"] == "succeeded"
    assert f"data/equity/run_id={first['runId']}/equity.parquet" in objects(stack)
    with conversation(url) as client:
        client.say({"type": "resume", "runId": first["runId"], "after": 1})
        resumed, *missed = client.hear_out()
    assert (resumed["type"], resumed["status"]) == ("resumed", "succeeded")
    assert resumed["lastSequence"] == missed[-1]["sequence"]
    assert [message["sequence"] for message in missed] == list(range(2, len(missed) + 2))
    assert missed[-1]["type"] == "result"
    assert json.loads(ended["ended_with"])["metrics"] == missed[-1]["metrics"]


def test_a_worker_that_always_crashes_ends_the_run_and_says_so(stack: EmbeddedStack, url: str) -> None:
    with deployed(stack, "simulate", CRASH_ALWAYS):
        heard = run(url, start(**SMA))
    assert (heard[-1]["type"], heard[-1]["stage"]) == ("failed", "simulate")
    assert "a worker crashed" in heard[-1]["reason"]
    assert record(stack, heard[0]["runId"])["status"] == "failed"
    assert ended(stack, heard[0]["executionArn"])["status"] == "FAILED"


def test_a_run_that_is_stopped_from_outside_ends_for_the_client_too(stack: EmbeddedStack, url: str) -> None:
    with conversation(url) as client:
        client.say(start(**SMA, chunks=400))
        accepted = client.hear()
        while client.hear()["type"] != "progress":
            pass
        stack.client("stepfunctions").stop_execution(executionArn=accepted["executionArn"])
        told = client.hear_out()[-1]
    assert (told["type"], told["stage"]) == ("failed", "workflow")
    assert told["reason"] == "workflow failed: it was stopped; the execution and the logs say more"
    assert record(stack, accepted["runId"])["status"] == "failed"


@pytest.mark.parametrize("stage", ["plan", "simulate", "reduce"])
def test_no_secret_or_trace_of_an_internal_error_reaches_the_client(stack: EmbeddedStack, url: str, stage: str) -> None:
    with deployed(stack, stage, RAISE.format(stage=stage)), conversation(url) as client:
        client.say(start(**SMA))
        heard = client.hear_out()
        assert client.heard_nothing_more()
    assert (heard[-1]["type"], heard[-1]["stage"]) == ("failed", stage)
    assert heard[-1]["reason"] == f"{stage} failed with an internal error (ValueError); its log says more"
    assert not any("hunter2" in frame or "Traceback" in frame for frame in client.frames)


def test_a_start_while_the_stack_is_broken_fails_at_once(stack: EmbeddedStack, url: str) -> None:
    machine = stack.outputs["state_machine_arn"]
    definition = stack.client("stepfunctions").describe_state_machine(stateMachineArn=machine)
    stack.client("stepfunctions").delete_state_machine(stateMachineArn=machine)
    try:
        with conversation(url) as client:
            client.say(start(**SMA))
            heard = client.hear_out()
            assert client.heard_nothing_more()
    finally:
        stack.client("stepfunctions").create_state_machine(
            name=definition["name"], definition=definition["definition"], roleArn=definition["roleArn"]
        )
    assert [message["type"] for message in heard] == ["accepted", "failed"]
    assert heard[1]["stage"] == "start"
    assert "StateMachineDoesNotExist" in heard[1]["reason"]
    assert record(stack, heard[0]["runId"])["status"] == "failed"


def test_bars_that_vanish_under_a_run_are_named(stack: EmbeddedStack, url: str) -> None:
    store = SeriesStore(stack.client("s3"), stack.outputs["bucket"])
    series = store.get("IBM", "1d")
    store.put("GONE", "1d", store.read(series, 0, series.bars), "a copy of IBM")
    (year,) = (file for file in store.get("GONE", "1d").files if file.year == 2007)
    stack.client("s3").delete_object(
        Bucket=stack.outputs["bucket"], Key=layout.bars_key("GONE", "1d", 2007), VersionId=year.version_id
    )
    heard = run(url, start("GONE", **SMA))
    assert (heard[-1]["type"], heard[-1]["stage"]) == ("failed", "simulate")
    # Two chunks need that year, one of them to warm up.
    assert re.fullmatch("chunk [56] of GONE: the 2007 bars of GONE were deleted; load them again", heard[-1]["reason"])


def test_connections_are_remembered_while_they_are_open(stack: EmbeddedStack) -> None:
    def rows() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = stack.client("dynamodb").scan(
            TableName=stack.outputs["connections_table"],
            FilterExpression="user_id = :u",
            ExpressionAttributeValues={":u": {"S": "rememberer"}},
        )["Items"]
        return found

    with conversation(url_for(stack, "rememberer", ["growth", "income"]) + "&portfolioId=growth") as client:
        assert client.heard_nothing_more()
        (row,) = rows()
    assert set(row["portfolios"]["SS"]) == {"growth", "income"}
    assert 2 * 3_600 < int(row["expires_at"]["N"]) - time.time() <= 2 * 3_600 + 300
    for _ in range(100):
        if not rows():
            break
        time.sleep(0.1)
    assert rows() == []
