"""Backtests: the definition of the workflow is sound, retries what may pass, and fits its limits."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.components.capture import ROOT, Resource, captured
from tests.components.needs import state_of, states_of
from tests.components.states_language import problems
from tickfold.backtests.reduction import STEP_SECONDS
from tickfold.strategies import evaluation

ASL = ROOT / "statemachines" / "backtest.asl.json"
MACHINE = captured("dev").one("aws:sfn/stateMachine:StateMachine")
DEFINITION: dict[str, Any] = json.loads(MACHINE.inputs["definition"])
TASKS = {name: state_of(DEFINITION, name) for name in ("Fetch", "Plan", "SimulateChunk", "FoldFinished", "Reduce")}
FUNCTIONS = {
    "Fetch": "fetch",
    "Plan": "plan",
    "SimulateChunk": "simulate",
    "FoldFinished": "reduce",
    "Reduce": "reduce",
}
LAMBDA_ERRORS = {
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
}
WAITED_FOR = {"Lambda.TooManyRequestsException", "AtCapacityError"}


def function_of(task: str) -> Resource:
    return captured("dev").one("aws:lambda/function:Function", f"-{FUNCTIONS[task]}-function")


# --- the definition --------------------------------------------------------------------------------------------------


def test_definition_has_no_problems() -> None:
    assert problems(DEFINITION) == []


def plan(definition: dict[str, Any]) -> dict[str, Any]:
    state: dict[str, Any] = definition["States"]["Plan"]
    return state


def simulate(definition: dict[str, Any]) -> dict[str, Any]:
    return state_of(definition, "Simulate")


def reduce(definition: dict[str, Any]) -> dict[str, Any]:
    return state_of(definition, "Reduce")


MISTAKES: dict[str, Callable[[dict[str, Any]], object]] = {
    "Plan leads to Nowhere, which does not exist": lambda d: plan(d).update(Next="Nowhere"),
    "the machine leads to Start, which does not exist": lambda d: d.update(StartAt="Start"),
    "Simulate cannot be reached": lambda d: plan(d).update(Next="Reduce"),
    "FoldFinished cannot be reached": lambda d: state_of(d, "FoldsNow")["Choices"].pop(),
    "Reduced cannot be reached": lambda d: state_of(d, "More").update(Default="Reduce"),
    "Plan needs either Next or End": lambda d: plan(d).update(End=True),
    "Reduce needs either Next or End": lambda d: reduce(d).pop("Next"),
    "More leads to Nowhere, which does not exist": lambda d: state_of(d, "More").update(Default="Nowhere"),
    "More fails where no rule holds: it has no Default": lambda d: state_of(d, "More").pop("Default"),
    "More compares 'more', which is no path": lambda d: state_of(d, "More")["Choices"][0].update(Variable="more"),
    "More has a rule that is no comparison": lambda d: state_of(d, "More")["Choices"][0].update(Equals=1),
    "Simulate never ends": lambda d: [
        state_of(d, name).update(End=False, Next="SimulateChunk") for name in ("FoldFinished", "Simulated")
    ],
    "Plan has a field Retries, which Task does not know": lambda d: plan(d).update(Retries=[]),
    "Simulate has a field ItemBatcher, which Map does not know": lambda d: simulate(d).update(ItemBatcher={}),
    "Simulate has a field ResultWriter, which Map does not know": lambda d: simulate(d).update(ResultWriter={}),
    "Plan has no TimeoutSeconds": lambda d: plan(d).pop("TimeoutSeconds"),
    "the machine has no TimeoutSeconds": lambda d: d.pop("TimeoutSeconds"),
    "Plan has States.ALL before others in Catch": lambda d: plan(d).update(
        Catch=[{"ErrorEquals": [error], "Next": "Reduce"} for error in ("States.ALL", "States.Timeout")]
    ),
    "Plan has States.ALL with other errors in Retry": lambda d: plan(d)["Retry"][-1]["ErrorEquals"].append(
        "States.ALL"
    ),
    "Plan matches no error in Retry": lambda d: plan(d)["Retry"][0].update(ErrorEquals=[]),
    "Plan retries without jitter": lambda d: plan(d)["Retry"][1].pop("JitterStrategy"),
    "Plan retries without a longest delay": lambda d: plan(d)["Retry"][1].pop("MaxDelaySeconds"),
    "Plan retries without backing off": lambda d: plan(d)["Retry"][1].update(BackoffRate=1),
    "Plan has a field Attempts in Retry": lambda d: plan(d)["Retry"][0].update(Attempts=1),
    "Plan has a field Go in Catch": lambda d: plan(d).update(
        Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Reduce", "Go": "on"}]
    ),
    "Plan has run_id.$ 'run_id', which is no path": lambda d: plan(d)["ResultSelector"].update({"run_id.$": "run_id"}),
    "Simulate has Key.$ 'key', which is no path": lambda d: simulate(d)["ItemReader"]["Parameters"].update(
        {"Key.$": "key"}
    ),
    "Plan has the type Job": lambda d: plan(d).update(Type="Job"),
    "a placeholder is not filled": lambda d: d.update(Comment="${Later}"),
    "the definition is larger than 1 MB": lambda d: d.update(Comment="x" * 1_000_000),
    "Simulate is not distributed: it would run 40 items at once at most": lambda d: simulate(d)["ItemProcessor"][
        "ProcessorConfig"
    ].update(Mode="INLINE"),
    "Simulate does not say how its children run": lambda d: simulate(d)["ItemProcessor"]["ProcessorConfig"].pop(
        "ExecutionType"
    ),
    "Simulate has no number for MaxConcurrency: 10,000 items would run at once": lambda d: simulate(d).pop(
        "MaxConcurrency"
    ),
    "Simulate has no Label of up to 40 characters: its children's names would be made up anew with each change": (
        lambda d: simulate(d).pop("Label")
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_definition_with_a_mistake_has_that_problem(mistake: str) -> None:
    definition = copy.deepcopy(DEFINITION)
    MISTAKES[mistake](definition)
    assert mistake in problems(definition)


def test_every_task_invokes_the_alias_of_its_function() -> None:
    for name, task in TASKS.items():
        assert task["Resource"] == "arn:aws:states:::lambda:invoke"
        function = function_of(name).inputs["name"]
        assert task["Parameters"]["FunctionName"] == (
            f"arn:aws:lambda:eu-north-1:111122223333:function:{function}:live"
        )


def test_definition_has_no_other_tasks() -> None:
    assert [state for state in states_of(DEFINITION) if state["Type"] == "Task"] == list(TASKS.values())


def test_strategy_s_limit_leaves_its_worker_time_to_report() -> None:
    assert function_of("SimulateChunk").inputs["timeout"] - evaluation.SECONDS >= 15


@pytest.mark.parametrize("task", TASKS)
def test_task_timeout_exceeds_its_function_s_timeout(task: str) -> None:
    assert TASKS[task]["TimeoutSeconds"] > function_of(task).inputs["timeout"]


# --- retry -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
def test_task_never_retries_a_not_retryable_error(task: str) -> None:
    assert TASKS[task]["Retry"][0] == {"ErrorEquals": ["RunError"], "MaxAttempts": 0}


@pytest.mark.parametrize("task", TASKS)
def test_task_retries_lambda_errors_failures_and_timeouts(task: str) -> None:
    retried = {error for entry in TASKS[task]["Retry"] if entry["MaxAttempts"] for error in entry["ErrorEquals"]}
    assert retried == {*LAMBDA_ERRORS, *WAITED_FOR, "States.TaskFailed", "States.Timeout"}


@pytest.mark.parametrize("task", TASKS)
def test_task_retries_lambda_errors_by_a_policy_of_their_own(task: str) -> None:
    # States.TaskFailed matches every error of a task: placed first it would leave nothing to the others.
    errors = [entry["ErrorEquals"] for entry in TASKS[task]["Retry"]]
    assert errors[-1] == ["States.TaskFailed", "States.Timeout"]
    assert set(errors[1]) == WAITED_FOR
    assert set(errors[2]) == LAMBDA_ERRORS


def longest_seconds(task: dict[str, Any]) -> float:
    """Seconds until a task that always fails, but is never throttled, has used up every retry."""
    total = float(task["TimeoutSeconds"])
    for entry in task["Retry"]:
        if WAITED_FOR.intersection(entry["ErrorEquals"]):
            continue
        runs = task["TimeoutSeconds"] if "States.Timeout" in entry["ErrorEquals"] else 0
        for attempt in range(entry["MaxAttempts"]):
            delay = entry["IntervalSeconds"] * entry["BackoffRate"] ** attempt
            total += runs + min(delay, entry["MaxDelaySeconds"])
    return total


def test_run_with_all_retries_fits_the_state_machine_s_timeout() -> None:
    stages = sum(longest_seconds(TASKS[task]) for task in TASKS)
    assert 10 * stages < DEFINITION["TimeoutSeconds"]


# --- failure ---------------------------------------------------------------------------------------------------------


def test_no_state_catches_errors_so_that_executions_can_be_redriven() -> None:
    # A state whose error is caught has ended well: the redriven execution would begin behind it.
    assert not any("Catch" in state or state["Type"] == "Fail" for state in states_of(DEFINITION))


# --- fetching --------------------------------------------------------------------------------------------------------


def test_run_without_missing_bars_is_planned_at_once() -> None:
    assert DEFINITION["StartAt"] == "Lacks"
    assert state_of(DEFINITION, "Lacks")["Default"] == "Plan"
    (rule,) = state_of(DEFINITION, "Lacks")["Choices"]
    assert rule == {"Variable": "$.fetch", "IsPresent": True, "Next": "Fetch"}


def test_fetch_keeps_the_input_that_plan_needs() -> None:
    assert state_of(DEFINITION, "Fetch")["ResultPath"] == "$.fetched"


# --- the Distributed Map ---------------------------------------------------------------------------------------------


def test_map_reads_the_items_that_plan_wrote() -> None:
    assert simulate(DEFINITION)["ItemReader"] == {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "tickfold-dev-lake-1a2b3c4", "Key.$": "$.items_key"},
    }


def test_map_concurrency_is_configured() -> None:
    assert simulate(DEFINITION)["MaxConcurrency"] == 3
    prod = json.loads(captured("prod").one("aws:sfn/stateMachine:StateMachine").inputs["definition"])
    assert simulate(prod)["MaxConcurrency"] == 40


def test_map_tolerates_no_failure() -> None:
    assert simulate(DEFINITION)["ToleratedFailurePercentage"] == 0


def test_map_discards_its_results() -> None:
    assert TASKS["SimulateChunk"]["ResultPath"] is None  # the item goes on to the choice
    assert TASKS["FoldFinished"]["ResultSelector"] == {}
    assert state_of(DEFINITION, "Simulated")["Result"] == {}
    assert len(json.dumps([{}] * 10_000)) < 256 * 1_024
    assert simulate(DEFINITION)["ResultPath"] is None


def test_finished_chunks_are_folded_where_the_item_says_so() -> None:
    assert state_of(DEFINITION, "FoldsNow")["Choices"] == [
        {"Variable": "$.fold", "BooleanEquals": True, "Next": "FoldFinished"}
    ]
    assert TASKS["FoldFinished"]["Parameters"]["Payload"] == {"run_id.$": "$.run_id", "finished": True}


def test_reduce_goes_on_as_long_as_there_is_more() -> None:
    assert reduce(DEFINITION)["Parameters"]["Payload"] == {"run_id.$": "$.run_id", "finished": False}
    assert reduce(DEFINITION)["ResultSelector"] == {"run_id.$": "$.Payload.run_id", "more.$": "$.Payload.more"}
    more = state_of(DEFINITION, "More")
    assert more["Choices"] == [{"Variable": "$.more", "BooleanEquals": True, "Next": "Reduce"}]
    assert state_of(DEFINITION, more["Default"])["Type"] == "Succeed"


def test_longest_loop_fits_into_an_execution_s_history() -> None:
    events_a_step = 5 + 2  # of a task and of a choice
    assert DEFINITION["TimeoutSeconds"] / STEP_SECONDS * events_a_step < 25_000 / 2


def test_plan_receives_its_execution() -> None:
    payload = TASKS["Plan"]["Parameters"]["Payload"]
    assert payload == {
        "run_id.$": "$.run_id",
        "request.$": "$.request",
        "execution_arn.$": "$$.Execution.Id",
        "started_at.$": "$$.Execution.StartTime",
    }


def test_plan_returns_only_the_key_of_the_items() -> None:
    assert TASKS["Plan"]["ResultSelector"] == {
        "run_id.$": "$.Payload.run_id",
        "items_key.$": "$.Payload.items_key",
        "chunks.$": "$.Payload.chunks",
    }
    assert "ResultPath" not in TASKS["Plan"]
