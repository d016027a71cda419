"""Reconciliation: which runs are ended, with what reason, and that nothing else is touched."""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.aws import STATE_MACHINE_ARN, USERS, StepFunctions, rows
from tests.backtests.records import begin, result
from tickfold.backtests.reconciliation import STARTING, Reconciler
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.backtests.workflow import Workflow

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource


def long_ago() -> datetime:
    """Return when a run was recorded that must have been started by now. By the clock: a session of tests is long."""
    return datetime.now(UTC) - STARTING - timedelta(minutes=1)


@pytest.fixture
def step_functions() -> StepFunctions:
    return StepFunctions()


@pytest.fixture
def reconciler(runs: RunLifecycle, step_functions: StepFunctions) -> Reconciler:
    return Reconciler(runs, Workflow(cast(Any, step_functions), STATE_MACHINE_ARN), logging.getLogger("test"))


def last(runs: RunLifecycle, run_id: str = "r1") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(runs.messages_after(run_id, 0)[-1])
    return found


@pytest.mark.parametrize(
    ("execution", "expected"),
    [
        ({"status": "ABORTED"}, ("workflow", "it was stopped")),
        ({"status": "TIMED_OUT"}, ("workflow", "it did not end within 24 hours")),
        ({"status": "FAILED", "error": "Runtime.OutOfMemory", "cause": ""}, ("plan", "it ran out of memory")),
        ({"status": "SUCCEEDED"}, ("workflow", "its execution ended without a result; start the run again")),
    ],
)
def test_a_run_whose_execution_is_over_is_ended_once(
    runs: RunLifecycle,
    reconciler: Reconciler,
    step_functions: StepFunctions,
    execution: dict[str, str],
    expected: tuple[str, str],
) -> None:
    begin(runs)
    step_functions.started["r1"], step_functions.over["r1"] = "{}", execution
    reconciler.reconcile()
    ended = last(runs)
    assert (ended["type"], ended["stage"]) == ("failed", expected[0])
    assert expected[1] in ended["reason"]
    reconciler.reconcile()
    assert last(runs) == ended


def test_a_run_that_is_ended_counts_no_longer(
    runs: RunLifecycle, reconciler: Reconciler, dynamodb: "DynamoDBServiceResource"
) -> None:
    begin(runs, created_at=long_ago())
    reconciler.reconcile()
    assert [row.get("runs") for row in rows(dynamodb.Table(USERS)) if row["entry"] == "running"] == [None]


def test_a_run_that_was_never_started_is_ended_after_a_while(runs: RunLifecycle, reconciler: Reconciler) -> None:
    begin(runs, created_at=long_ago())
    begin(runs, "r2", created_at=long_ago() + timedelta(minutes=2))
    reconciler.reconcile()
    assert (runs.status("r1"), runs.status("r2")) == ("failed", "running")
    assert last(runs)["reason"] == "start failed: its execution was never started; start the run again"


def test_runs_that_are_going_on_or_have_ended_are_left_alone(
    runs: RunLifecycle, reconciler: Reconciler, step_functions: StepFunctions
) -> None:
    for run_id in ("r1", "r2"):
        begin(runs, run_id, created_at=long_ago())
        step_functions.started[run_id] = "{}"
    runs.end("r2", result())
    step_functions.over["r2"] = {"status": "FAILED"}
    reconciler.reconcile()
    assert (runs.status("r1"), runs.status("r2")) == ("running", "succeeded")


def test_one_run_that_cannot_be_reconciled_does_not_keep_others_from_it(
    runs: RunLifecycle, reconciler: Reconciler, dynamodb: "DynamoDBServiceResource"
) -> None:
    for number in (1, 2, 3):
        begin(runs, f"r{number}", created_at=long_ago() + timedelta(seconds=number))
    dynamodb.Table("runs").update_item(
        Key={"run_id": "r2", "entry": "run"},
        UpdateExpression="SET #sequence = :wrong",
        ExpressionAttributeNames={"#sequence": "sequence"},
        ExpressionAttributeValues={":wrong": "not a number"},
    )
    with pytest.raises(ExceptionGroup, match="runs could not be reconciled") as caught:
        reconciler.reconcile()
    assert [type(error) for error in caught.value.exceptions] == [ValueError]
    assert (runs.status("r1"), runs.status("r3")) == ("failed", "failed")
