"""What a run's end without a result is told as, for each way in which an execution can end."""

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
Report = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def runs(stack: EmbeddedStack) -> RunLifecycle:
    return run_lifecycle(stack)


@pytest.fixture
def run(runs: RunLifecycle) -> Run:
    """A run that is planned, with four chunks."""
    run = begin(runs, f"user-{secrets.token_hex(4)}")
    runs.publish(run.run_id, PLANNED, once="planned")
    runs.set(run.run_id, chunks=4)
    return run


@pytest.fixture
def report(stack: EmbeddedStack, runs: RunLifecycle) -> Report:
    """Tell the function how the execution of a run has ended; return the run's last message."""

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


def test_what_the_step_has_noted_is_told(runs: RunLifecycle, run: Run, report: Report) -> None:
    runs.note_failure(run.run_id, "simulate", "chunk 3 of AAPL: there are no bars")
    told = report(run.run_id, "FAILED", "States.ExceedToleratedFailureThreshold", "the threshold was exceeded")
    assert (told["stage"], told["reason"]) == ("simulate", "chunk 3 of AAPL: there are no bars")


def test_what_a_retry_has_made_up_for_is_not_told(runs: RunLifecycle, run: Run, report: Report) -> None:
    runs.note_failure(run.run_id, "simulate", "chunk 3 of AAPL: it was throttled")
    runs.publish_all_done(run.run_id, 4)
    told = report(run.run_id, "FAILED", "Runtime.OutOfMemory", "")
    assert told["stage"] == "reduce"
    assert told["reason"] == "reduce failed: it ran out of memory; the execution and the logs say more"


@pytest.mark.parametrize(("done", "stage"), [("nothing", "plan"), ("planned", "simulate"), ("all chunks", "reduce")])
def test_where_nothing_was_noted_the_record_tells_the_stage(
    runs: RunLifecycle, report: Report, done: str, stage: str
) -> None:
    run_id = begin(runs, "user").run_id
    if done != "nothing":
        runs.publish(run_id, PLANNED, once="planned")
        runs.set(run_id, chunks=4)
    if done == "all chunks":
        runs.publish_all_done(run_id, 4)
    told = report(run_id, "FAILED", "Sandbox.Timedout", json.dumps({"errorMessage": "after 60 s", "stackTrace": ["x"]}))
    assert told["stage"] == stage
    assert told["reason"] == f"{stage} failed: it ran out of time; the execution and the logs say more"


@pytest.mark.parametrize(("status", "said"), [("ABORTED", "it was stopped"), ("TIMED_OUT", "it ran out of time")])
def test_what_was_done_to_the_execution_is_told(
    runs: RunLifecycle, run: Run, report: Report, status: str, said: str
) -> None:
    runs.note_failure(run.run_id, "simulate", "an earlier attempt")
    told = report(run.run_id, status)
    assert (told["type"], told["stage"]) == ("failed", "workflow")
    assert told["reason"] == f"workflow failed: {said}; the execution and the logs say more"


def test_a_run_that_has_ended_stays_as_it_is(runs: RunLifecycle, run: Run, report: Report) -> None:
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


def test_an_execution_of_no_run_is_nobody_s_business(report: Report) -> None:
    assert report(f"unknown-{secrets.token_hex(4)}", "FAILED") == {}
