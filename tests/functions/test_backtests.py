"""The functions of the workflow, one after the other, on the tables and the bucket of their environment."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from functions import settings
from functions.backtests import plan, reduce, report_failure, simulate
from tests.aws import BUCKET, RUNS, USERS
from tests.backtests.lake import config, load, walk
from tests.backtests.records import begin
from tickfold.backtests.failure import failed_of
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.backtests.run_store import RunStore
from tickfold.errors import AtCapacityError, RunError
from tickfold.protocol import Cancelled, Failed, dump
from tickfold.storage import layout
from tickfold.storage.bucket import Bucket

CONTEXT: Any = SimpleNamespace(
    function_name="plan", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="1"
)

ENDED = {"run_id": "r1", "more": False}


@pytest.fixture(autouse=True)
def environment(bucket: Bucket, runs: RunLifecycle, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of all functions, a series, and the record of a run."""
    for name, value in {
        settings.RUNS_TABLE: RUNS,
        settings.USERS_TABLE: USERS,
        settings.BUCKET: BUCKET,
        settings.WORKERS: "4",
        settings.ACTIVE_LIMIT: "1",
        settings.REDUCE_MEMORY: "3008",
    }.items():
        monkeypatch.setenv(name, value)
    for module in (plan, simulate, reduce, report_failure):
        module.dependencies.cache_clear()
    simulate._manifest.cache_clear()
    load(bucket, "WALK", walk(1))
    begin(runs)


def planned(**more: Any) -> dict[str, Any]:
    request = json.loads(dump(config(**more)))
    given = {"run_id": "r1", "request": request, "execution_arn": "arn", "started_at": "2026-01-31T12:00:00Z"}
    return plan.handler(given, CONTEXT)


def messages(runs: RunLifecycle) -> list[dict[str, Any]]:
    return [json.loads(body) for body in runs.messages_after("r1", 0)]


def test_the_steps_of_a_run_lead_to_its_result(bucket: Bucket, runs: RunLifecycle) -> None:
    output = planned(chunks=3)
    assert output == {"run_id": "r1", "items_key": layout.items_key("r1"), "chunks": 3}
    items = json.loads(bucket.get(output["items_key"]))
    assert [simulate.handler(item, CONTEXT) for item in items] == [{}, {}, {}]
    assert simulate.handler(items[0], CONTEXT) == {}  # once more
    run = runs.get("r1")
    assert run is not None
    assert (run.chunks, runs.chunk_done("r1")) == (3, 4)  # each chunk was counted once, and this is one more
    assert reduce.handler({"run_id": "r1", "finished": False}, CONTEXT) == ENDED
    found = messages(runs)
    kinds = [message["type"] for message in found]
    assert (kinds[:2], kinds[-3:]) == (["accepted", "planned"], ["partial", "partial", "result"])
    plan_message = found[1]
    assert (plan_message["symbol"], plan_message["timeframe"], plan_message["bars"]) == ("WALK", "1d", 487)
    assert (plan_message["chunks"], plan_message["combinations"]) == (3, 1)
    shown = [message["chunksDone"] for message in found if message["type"] == "progress"]
    assert (shown[0], shown[-1]) == (1, 3)
    assert found[-1]["executionArn"] == "arn"
    assert reduce.handler({"run_id": "r1", "finished": False}, CONTEXT) == ENDED
    assert messages(runs) == found


def test_a_run_above_the_limit_of_active_runs_waits_without_a_trace(runs: RunLifecycle) -> None:
    begin(runs, "r0", "bob")
    plan.dependencies().admission.admit("r0")
    with pytest.raises(AtCapacityError, match=r"^1 runs are carried out, which is the limit; this waits$"):
        planned(chunks=3)
    run = runs.get("r1")
    assert run is not None
    assert (run.status, run.failure, len(messages(runs))) == ("running", None, 1)
    runs.end("r0", Cancelled())
    assert planned(chunks=3)["chunks"] == 3
    assert planned(chunks=3)["chunks"] == 3  # once more: it has its place


def test_plan_refuses_a_run_that_the_reducer_cannot_hold(runs: RunLifecycle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.REDUCE_MEMORY, "238")
    plan.dependencies.cache_clear()
    with pytest.raises(RunError, match="the run is too large: to reduce 487 bars takes about 239 MB"):
        planned(stock=["WALK"], chunks=3)
    run = runs.get("r1")
    assert run is not None
    assert run.failure is not None
    assert run.failure.stage == "plan"


def test_a_step_that_fails_records_which_chunk(bucket: Bucket, runs: RunLifecycle) -> None:
    planned(chunks=3)
    versions = bucket.s3.list_object_versions(Bucket=BUCKET, Prefix="data/bars/")["Versions"]
    for each in versions:
        bucket.s3.delete_object(Bucket=BUCKET, Key=each["Key"], VersionId=each["VersionId"])
    with pytest.raises(RunError, match="were deleted"):
        simulate.handler({"run_id": "r1", "symbol": "WALK", "chunk": 2}, CONTEXT)
    run = runs.get("r1")
    assert run is not None
    assert run.failure is not None
    assert run.failure.stage == "simulate"
    assert run.failure.reason.startswith("chunk 2 of WALK: the 2")


def test_reduce_leaves_a_cancelled_run_and_reopens_a_failed_one(bucket: Bucket, runs: RunLifecycle) -> None:
    output = planned(chunks=2)
    for item in json.loads(bucket.get(output["items_key"])):
        simulate.handler(item, CONTEXT)
    runs.end("r1", Failed(stage="reduce", reason="it was stopped"))
    assert reduce.handler({"run_id": "r1", "finished": False}, CONTEXT) == ENDED
    assert "reopened" in [message["type"] for message in messages(runs)]
    begin(runs, "r2")
    runs.end("r2", Cancelled())
    assert reduce.handler({"run_id": "r2", "finished": False}, CONTEXT) == {**ENDED, "run_id": "r2"}
    assert json.loads(runs.messages_after("r2", 0)[-1])["type"] == "cancelled"


def test_finished_chunks_are_folded_meanwhile(bucket: Bucket, runs: RunLifecycle) -> None:
    items = json.loads(bucket.get(planned(chunks=9)["items_key"]))
    for item in items[:8]:
        simulate.handler(item, CONTEXT)
    meanwhile = {"run_id": "r1", "finished": True}
    assert reduce.handler(meanwhile, CONTEXT) == {"run_id": "r1", "more": True}
    assert [message["type"] for message in messages(runs)].count("partial") == 1
    simulate.handler(items[8], CONTEXT)
    with runs.only_one_folds("r1"):
        assert reduce.handler(meanwhile, CONTEXT) == {"run_id": "r1", "more": True}
    assert [message["type"] for message in messages(runs)].count("partial") == 1
    assert reduce.handler({"run_id": "r1", "finished": False}, CONTEXT) == ENDED
    assert [message["type"] for message in messages(runs)][-2:] == ["partial", "result"]


def test_folding_meanwhile_reopens_no_run(runs: RunLifecycle) -> None:
    planned(chunks=2)
    runs.end("r1", Failed(stage="simulate", reason="it was stopped"))
    assert reduce.handler({"run_id": "r1", "finished": True}, CONTEXT) == ENDED
    assert messages(runs)[-1]["type"] == "failed"


def test_plan_refuses_what_cannot_be_run(runs: RunLifecycle) -> None:
    with pytest.raises(RunError, match="unknown strategy 'magic'"):
        planned(strategy="magic", parameters={})
    run = runs.get("r1")
    assert run is not None
    assert run.failure is not None
    assert run.failure.stage == "plan"


def report(status: str, name: str = "r1", **more: Any) -> None:
    report_failure.handler({"detail": {"name": name, "status": status} | more}, CONTEXT)


def test_report_failure_ends_the_run_with_the_recorded_reason(runs: RunLifecycle) -> None:
    runs.note_failure("r1", "plan", "there are no bars")
    report("FAILED", error="RunError", cause="{}")
    last = messages(runs)[-1]
    assert (last["type"], last["stage"], last["reason"]) == ("failed", "plan", "there are no bars")
    report("FAILED", error="RunError", cause="{}")
    assert len(messages(runs)) == 2


def test_report_failure_of_an_unknown_run_is_nothing(runs: RunLifecycle) -> None:
    report("FAILED", name="r9")
    assert runs.get("r9") is None


@pytest.mark.parametrize(
    ("execution", "stage", "reason"),
    [
        ({"status": "ABORTED"}, "workflow", "workflow failed: it was stopped"),
        ({"status": "TIMED_OUT"}, "workflow", "workflow failed: it did not end within 24 hours"),
        ({"status": "FAILED", "error": "Sandbox.Timedout"}, "simulate", "simulate failed: it ran out of time"),
        ({"status": "FAILED", "error": "MemoryError"}, "simulate", "simulate failed: it ran out of memory"),
        ({"status": "FAILED", "error": None, "cause": None}, "simulate", "simulate failed: internal error"),
        (
            {"status": "FAILED", "error": "RunError", "cause": '{"errorMessage": "no bars"}'},
            "simulate",
            "no bars",
        ),
    ],
)
def test_a_run_whose_steps_recorded_nothing_fails_with_what_step_functions_reports(
    runs: RunLifecycle, execution: dict[str, Any], stage: str, reason: str
) -> None:
    planned(chunks=2)
    run = runs.get("r1")
    assert run is not None
    failed = failed_of(run, execution)
    assert failed.stage == stage
    assert failed.reason.startswith(reason)


def test_a_failure_that_a_retry_made_good_is_not_the_reason(runs: RunLifecycle) -> None:
    planned(chunks=2)
    runs.note_failure("r1", "plan", "an earlier attempt")
    run = runs.get("r1")
    assert run is not None
    failed = failed_of(run, {"status": "FAILED", "error": "Runtime.OutOfMemory"})
    assert failed.reason == (
        "simulate failed: it ran out of memory: choose fewer bars, or raise tickfold:simulateMemory; "
        "the execution and the logs say more"
    )
    runs.publish_all_done("r1", 2)
    run = runs.get("r1")
    assert run is not None
    assert failed_of(run, {"status": "FAILED"}).stage == "reduce"


def test_functions_that_may_not_end_runs_are_given_no_store_that_can() -> None:
    for module in (plan, simulate):
        assert type(module.dependencies().runs) is RunStore
    assert type(reduce.dependencies().runs) is RunLifecycle
