"""Failure reports: the message that ends a run without a result, for each way in which its execution can end."""

import json
import secrets
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from embedded.stack import EmbeddedStack
from tests.e2e.records import begin, run_lifecycle
from tickfold.backtests.run import Run
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.protocol import Planned, Result, parse_message

PLANNED = Planned(symbol="AAPL", timeframe="1d", bars=100, chunks=4)
WAITED_IN_VAIN = "it did not end within 24 hours, which it may have spent waiting for other runs"
Report = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def runs(stack: EmbeddedStack) -> RunLifecycle:
    return run_lifecycle(stack)


@pytest.fixture
def run(runs: RunLifecycle) -> Run:
    """A planned run of four chunks."""
    run = begin(runs, f"user-{secrets.token_hex(4)}")
    runs.publish(run.run_id, PLANNED, once="planned")
    runs.set(run.run_id, chunks=4)
    return run


@pytest.fixture
def report(stack: EmbeddedStack, runs: RunLifecycle) -> Report:
    """Report the end of a run's execution to the function; return the run's last message."""

    def report(run_id: str, status: str, error: str | None = None, cause: str | None = None) -> dict[str, Any]:
        detail = {"name": run_id, "status": status, "error": error, "cause": cause}
        answer = stack.client("lambda").invoke(
            FunctionName="tickfold-embedded-report-failure:live", Payload=json.dumps({"detail": detail})
        )
        assert "FunctionError" not in answer
        messages = runs.messages_after(run_id, 0)
        last: dict[str, Any] = json.loads(messages[-1]) if messages else {}
        return last

    return report


def test_noted_failure_is_published(runs: RunLifecycle, run: Run, report: Report) -> None:
    runs.note_failure(run.run_id, "simulate", "chunk 3 of AAPL: there are no bars")
    message = report(run.run_id, "FAILED", "States.ExceedToleratedFailureThreshold", "the threshold was exceeded")
    assert (message["stage"], message["reason"]) == ("simulate", "chunk 3 of AAPL: there are no bars")


def test_failure_overcome_by_a_retry_is_not_published(runs: RunLifecycle, run: Run, report: Report) -> None:
    runs.note_failure(run.run_id, "simulate", "chunk 3 of AAPL: it was throttled")
    runs.publish_all_done(run.run_id, 4)
    message = report(run.run_id, "FAILED", "Runtime.OutOfMemory", "")
    assert message["stage"] == "reduce"
    assert message["reason"] == (
        "reduce failed: it ran out of memory: choose fewer bars, or raise tickfold:reduceMemory; "
        "the execution and the logs say more"
    )


@pytest.mark.parametrize(("done", "stage"), [("nothing", "plan"), ("planned", "simulate"), ("all chunks", "reduce")])
def test_unnoted_failure_gets_its_stage_from_the_record(
    runs: RunLifecycle, report: Report, done: str, stage: str
) -> None:
    run_id = begin(runs, "user").run_id
    if done != "nothing":
        runs.publish(run_id, PLANNED, once="planned")
        runs.set(run_id, chunks=4)
    if done == "all chunks":
        runs.publish_all_done(run_id, 4)
    message = report(
        run_id, "FAILED", "Sandbox.Timedout", json.dumps({"errorMessage": "after 60 s", "stackTrace": ["x"]})
    )
    assert message["stage"] == stage
    assert message["reason"] == f"{stage} failed: it ran out of time; the execution and the logs say more"


@pytest.mark.parametrize(("status", "expected"), [("ABORTED", "it was stopped"), ("TIMED_OUT", WAITED_IN_VAIN)])
def test_aborted_or_timed_out_execution_is_published(
    runs: RunLifecycle, run: Run, report: Report, status: str, expected: str
) -> None:
    runs.note_failure(run.run_id, "simulate", "an earlier attempt")
    message = report(run.run_id, status)
    assert (message["type"], message["stage"]) == ("failed", "workflow")
    assert message["reason"] == f"workflow failed: {expected}; the execution and the logs say more"


def test_ended_run_stays_unchanged(runs: RunLifecycle, run: Run, report: Report) -> None:
    result = Result(
        symbol="AAPL",
        timeframe="1d",
        start=date(2000, 3, 1),
        end=date(2001, 3, 1),
        bars=100,
        strategy="buy_and_hold",
        parameters={},
        chunks=4,
        replayed_bars=0,
        metrics={},
        execution_arn=run.execution_arn,
        trades_uri="",
        equity_uri="",
        duration_seconds=1.0,
    )
    runs.end(run.run_id, result)
    assert report(run.run_id, "FAILED")["type"] == "result"
    ended = runs.get(run.run_id)
    assert ended is not None
    assert ended.ended_with is not None
    assert parse_message(ended.ended_with).run_id == run.run_id


def test_execution_without_a_run_is_ignored(report: Report) -> None:
    assert report(f"unknown-{secrets.token_hex(4)}", "FAILED") == {}
