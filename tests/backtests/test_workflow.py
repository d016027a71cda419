"""The executions of runs."""

import json
from typing import Any, cast

import pytest

from tests.aws import REGION, STATE_MACHINE_ARN, StepFunctions
from tests.backtests.records import CONFIG, a_run
from tickfold.backtests.workflow import Workflow
from tickfold.protocol import dump

EXECUTION = f"arn:aws:states:{REGION}:111122223333:execution:tickfold:r1"


@pytest.fixture
def step_functions() -> StepFunctions:
    return StepFunctions()


@pytest.fixture
def workflow(step_functions: StepFunctions) -> Workflow:
    return Workflow(cast(Any, step_functions), STATE_MACHINE_ARN)


def test_execution_arn_is_that_of_the_machine_and_the_run(workflow: Workflow) -> None:
    assert workflow.execution_arn("r1") == EXECUTION


def test_start_hands_over_the_run_and_is_idempotent(workflow: Workflow, step_functions: StepFunctions) -> None:
    assert workflow.start(a_run()) is True
    assert workflow.start(a_run()) is False
    given = json.loads(step_functions.started["r1"])
    assert given == {"run_id": "r1", "request": json.loads(dump(CONFIG))}


def test_stop_names_the_cause(workflow: Workflow, step_functions: StepFunctions) -> None:
    workflow.start(a_run())
    workflow.stop(a_run())
    assert step_functions.stopped == [(EXECUTION, "Cancelled", "cancelled by its owner")]


def test_stop_of_an_execution_that_was_never_started_is_nothing(
    workflow: Workflow, step_functions: StepFunctions
) -> None:
    workflow.stop(a_run())
    step_functions.failure = step_functions.exceptions.ValidationException({"Error": {"Code": "V"}}, "Stop")
    workflow.stop(a_run())
    assert not step_functions.stopped


def test_other_errors_are_raised(workflow: Workflow, step_functions: StepFunctions) -> None:
    step_functions.failure = OSError("no network")
    for call in (workflow.start, workflow.stop):
        with pytest.raises(OSError, match="no network"):
            call(a_run())
