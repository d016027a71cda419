"""Runs above the account's concurrency wait: a simulation of Lambda's limit, by the definition's own retries."""

import json
from typing import Any

import pytest

from tests.components.capture import captured
from tests.components.needs import state_of
from tests.components.throttling import THROTTLED, longest_delay, simulate_runs
from tickfold.backtests.failure import reason_of_state

NEW_ACCOUNT_SLOTS = 10
HISTORY_EVENTS = 25_000
EVENTS_OF_A_RETRY = 3
"""TaskScheduled, TaskStarted, TaskFailed."""
FOR_OTHERS = 4
"""The slots that stay free for authorize, connect, message and deliver."""

DEFINITION: dict[str, Any] = json.loads(captured("dev").one("aws:sfn/stateMachine:StateMachine").inputs["definition"])
TASKS = {name: state_of(DEFINITION, name) for name in ("Plan", "SimulateChunk", "FoldFinished", "Reduce")}
RETRY = TASKS["SimulateChunk"]["Retry"]
FEW_RETRIES = [
    {"ErrorEquals": [THROTTLED], "IntervalSeconds": 1, "BackoffRate": 2, "MaxDelaySeconds": 15, "MaxAttempts": 6}
]


@pytest.mark.parametrize("seed", range(10))
def test_160_chunks_of_one_run_in_ten_slots_all_end(seed: int) -> None:
    outcome = simulate_runs(RETRY, slots=NEW_ACCOUNT_SLOTS, runs=1, chunks=160, at_once=160, seed=seed)
    assert (outcome.done, outcome.failed) == (160, 0)
    assert outcome.seconds < 160  # one slot would take as long


def test_40_runs_in_ten_slots_all_end_within_a_run_s_time() -> None:
    outcome = simulate_runs(RETRY, slots=NEW_ACCOUNT_SLOTS, runs=40, chunks=40, at_once=40, task_seconds=20)
    assert (outcome.done, outcome.failed) == (1_600, 0)
    assert outcome.seconds < DEFINITION["TimeoutSeconds"]


def test_a_few_retries_would_fail_most_runs() -> None:
    outcomes = [
        simulate_runs(FEW_RETRIES, slots=NEW_ACCOUNT_SLOTS, runs=1, chunks=160, at_once=160, seed=seed)
        for seed in range(10)
    ]
    assert sum(outcome.failed > 0 for outcome in outcomes) > 5


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("error", [THROTTLED, "AtCapacityError"])
def test_waiting_ends_with_the_run_s_time_and_not_before(task: str, error: str) -> None:
    (waiting,) = (entry for entry in TASKS[task]["Retry"] if error in entry["ErrorEquals"])
    average = waiting["MaxDelaySeconds"] / 2
    assert waiting["MaxAttempts"] * average > 2 * DEFINITION["TimeoutSeconds"]
    assert longest_delay(TASKS[task]["Retry"], error, waiting["MaxAttempts"] - 1) == waiting["MaxDelaySeconds"]


@pytest.mark.parametrize("task", TASKS)
def test_waiting_fits_an_execution_s_history(task: str) -> None:
    most = max(entry["MaxAttempts"] for entry in TASKS[task]["Retry"])
    assert most * EVENTS_OF_A_RETRY < HISTORY_EVENTS - 500


def test_a_run_has_the_time_that_its_failure_states() -> None:
    assert DEFINITION["TimeoutSeconds"] == 24 * 3_600
    assert "within 24 hours" in reason_of_state("TIMED_OUT", "", "workflow")


def test_other_errors_are_retried_a_few_times_only() -> None:
    for error in ("Lambda.ServiceException", "Lambda.Unknown", "States.Timeout", "Sandbox.Timedout"):
        assert longest_delay(RETRY, error, 6) is None, error


def test_chunks_run_in_standard_executions_since_express_ones_end_after_five_minutes() -> None:
    config = DEFINITION["States"]["Simulate"]["ItemProcessor"]["ProcessorConfig"]
    assert config == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}


@pytest.mark.parametrize(("stack_name", "concurrency"), [("dev", NEW_ACCOUNT_SLOTS), ("prod", 1_000)])
def test_chunks_of_all_runs_leave_concurrency_to_the_other_functions(stack_name: str, concurrency: int) -> None:
    stack = captured(stack_name)
    definition = json.loads(stack.one("aws:sfn/stateMachine:StateMachine").inputs["definition"])
    plan = stack.one("aws:lambda/function:Function", "-plan-function").inputs["environment"]["variables"]
    most = definition["States"]["Simulate"]["MaxConcurrency"] * int(plan["TICKFOLD_ACTIVE_LIMIT"])
    assert most <= concurrency - FOR_OTHERS
