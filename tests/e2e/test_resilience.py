"""Resilience: crashing workers, repeated invocations, lost connections, a broken stack."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from embedded.stack import EmbeddedStack
from tests.conftest import url_for
from tests.e2e.executions import wait_for_execution
from tests.e2e.release import deployed
from tests.e2e.websocket_client import SMA, Json, connected, run, start
from tickfold.market_data.bar_store import BarStore
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
from types import SimpleNamespace
from functions import wiring
from functions.backtests.step import step
from functions.settings import RunsSettings
from tickfold.backtests.run_store import RunStore

def dependencies():
    return SimpleNamespace(runs=RunStore(wiring.dynamodb().Table(RunsSettings.read().runs_table)))

def fail(event, dependencies):
    raise ValueError("the password is hunter2")

handler = step("{stage}", fail, dependencies)
"""


def record(stack: EmbeddedStack, run_id: str, entry: str = "run") -> dict[str, Any]:
    item = stack.client("dynamodb").get_item(
        TableName=stack.outputs["runs_table"], Key={"run_id": {"S": run_id}, "entry": {"S": entry}}
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
def test_crashed_worker_is_retried(stack: EmbeddedStack, url: str, tmp_path: Path, before: bool) -> None:
    undisturbed = run(url, start(**SMA, chunks=6))[-1]
    source = CRASH_ONCE.format(marker=str(tmp_path), chunks=[1, 4], before=before)
    with deployed(stack, "simulate", source):
        result = run(url, start(**SMA, chunks=6))[-1]
    assert len(list(tmp_path.iterdir())) == 2  # both did crash
    assert comparable(result) == comparable(undisturbed)


def test_simulate_is_idempotent(stack: EmbeddedStack, url: str) -> None:
    run_id = run(url, start(**SMA, chunks=5))[-1]["runId"]
    before, counted = objects(stack), record(stack, run_id, "chunks_done")
    for chunk in (0, 4):
        answer = stack.client("lambda").invoke(
            FunctionName="tickfold-embedded-simulate:live",
            Payload=json.dumps({"run_id": run_id, "symbol": "AAPL", "chunk": chunk}),
        )
        assert "FunctionError" not in answer
    assert objects(stack) == before
    assert record(stack, run_id, "chunks_done") == counted
    assert counted["chunks"] == "5"


def test_reduce_is_idempotent(stack: EmbeddedStack, url: str) -> None:
    run_id = run(url, start(**SMA, chunks=5))[-1]["runId"]
    before, recorded = objects(stack), record(stack, run_id)
    answer = stack.client("lambda").invoke(
        FunctionName="tickfold-embedded-reduce:live", Payload=json.dumps({"run_id": run_id, "finished": False})
    )
    assert json.loads(answer["Payload"].read()) == {"run_id": run_id, "more": False}
    assert objects(stack) == before
    assert record(stack, run_id) == recorded


def test_run_outlives_its_connection_and_resume_gets_missed_messages(stack: EmbeddedStack, url: str) -> None:
    with connected(url) as client:
        client.send(start(**SMA, chunks=40))
        first = client.receive()
    ended = wait_for_end(stack, first["runId"])
    assert ended["status"] == "succeeded"
    assert f"data/equity/run_id={first['runId']}/equity.parquet" in objects(stack)
    with connected(url) as client:
        client.send({"type": "resume", "runId": first["runId"], "after": 1})
        resumed, *missed = client.receive_all()
    assert (resumed["type"], resumed["status"]) == ("resumed", "succeeded")
    assert resumed["lastSequence"] == missed[-1]["sequence"]
    assert [message["sequence"] for message in missed] == list(range(2, len(missed) + 2))
    assert missed[-1]["type"] == "result"
    assert json.loads(ended["ended_with"])["metrics"] == missed[-1]["metrics"]


def test_worker_that_always_crashes_fails_the_run(stack: EmbeddedStack, url: str) -> None:
    with deployed(stack, "simulate", CRASH_ALWAYS):
        received = run(url, start(**SMA))
    assert (received[-1]["type"], received[-1]["stage"]) == ("failed", "simulate")
    assert "a worker crashed" in received[-1]["reason"]
    assert record(stack, received[0]["runId"])["status"] == "failed"
    assert wait_for_execution(stack, received[0]["executionArn"])["status"] == "FAILED"


def test_execution_stopped_from_outside_fails_the_run(stack: EmbeddedStack, url: str) -> None:
    with connected(url) as client:
        client.send(start(**SMA, chunks=400))
        accepted = client.receive()
        while client.receive()["type"] != "progress":
            pass
        stack.client("stepfunctions").stop_execution(executionArn=accepted["executionArn"])
        failure = client.receive_all()[-1]
    assert (failure["type"], failure["stage"]) == ("failed", "workflow")
    assert failure["reason"] == "workflow failed: it was stopped; the execution and the logs say more"
    assert record(stack, accepted["runId"])["status"] == "failed"


@pytest.mark.parametrize("stage", ["plan", "simulate", "reduce"])
def test_internal_error_exposes_no_secret_or_traceback(stack: EmbeddedStack, url: str, stage: str) -> None:
    with deployed(stack, stage, RAISE.format(stage=stage)), connected(url) as client:
        client.send(start(**SMA, chunks=1))
        received = client.receive_all()
        assert client.is_idle()
    assert (received[-1]["type"], received[-1]["stage"]) == ("failed", stage)
    assert received[-1]["reason"] == f"{stage} failed with an internal error (ValueError); its log says more"
    assert not any("hunter2" in frame or "Traceback" in frame for frame in client.frames)


def test_start_on_a_broken_stack_fails_at_once(stack: EmbeddedStack, url: str) -> None:
    machine = stack.outputs["state_machine_arn"]
    definition = stack.client("stepfunctions").describe_state_machine(stateMachineArn=machine)
    stack.client("stepfunctions").delete_state_machine(stateMachineArn=machine)
    try:
        with connected(url) as client:
            client.send(start(**SMA))
            received = client.receive_all()
            assert client.is_idle()
    finally:
        stack.client("stepfunctions").create_state_machine(
            name=definition["name"], definition=definition["definition"], roleArn=definition["roleArn"]
        )
    assert [message["type"] for message in received] == ["accepted", "failed"]
    assert received[1]["stage"] == "start"
    assert "StateMachineDoesNotExist" in received[1]["reason"]
    assert record(stack, received[0]["runId"])["status"] == "failed"


def test_deleted_bars_are_named_in_the_failure(stack: EmbeddedStack, url: str) -> None:
    store = BarStore(stack.client("s3"), stack.outputs["bucket"])
    series = store.catalog.get("IBM", "1d")
    store.put("GONE", "1d", store.read(series, 0, series.bars), "a copy of IBM")
    (year,) = (file for file in store.catalog.get("GONE", "1d").files if file.year == 2007)
    stack.client("s3").delete_object(
        Bucket=stack.outputs["bucket"], Key=layout.bars_key("GONE", "1d", 2007), VersionId=year.version_id
    )
    received = run(url, start("GONE", **SMA))
    assert (received[-1]["type"], received[-1]["stage"]) == ("failed", "simulate")
    # Two chunks need that year, one of them to warm up.
    assert re.fullmatch(
        "chunk [56] of GONE: the 2007 bars of GONE were deleted; load them again", received[-1]["reason"]
    )


def test_connection_row_exists_while_connected(stack: EmbeddedStack) -> None:
    def rows() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = stack.client("dynamodb").scan(
            TableName=stack.outputs["connections_table"],
            FilterExpression="user_id = :u",
            ExpressionAttributeValues={":u": {"S": "rememberer"}},
        )["Items"]
        return found

    with connected(url_for(stack, "rememberer", ["growth", "income"]) + "&portfolioId=growth") as client:
        assert client.is_idle()
        (row,) = rows()
    assert set(row["portfolios"]["SS"]) == {"growth", "income"}
    assert 2 * 3_600 < int(row["expires_at"]["N"]) - time.time() <= 2 * 3_600 + 300
    for _ in range(100):
        if not rows():
            break
        time.sleep(0.1)
    assert rows() == []
