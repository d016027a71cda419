"""A chunk that fails for good fails its run, and names itself; once the cause is removed the run is redriven."""

import json
from pathlib import Path

import pytest

from embedded.stack import EmbeddedStack
from tests.e2e.executions import wait_for_execution
from tests.e2e.final_state import final_state
from tests.e2e.recorder import Recorders
from tests.e2e.release import deployed
from tests.e2e.websocket_client import SMA, Json, run, start
from tickfold.storage import layout

REQUEST = start(**SMA, chunks=4)
FAIL_ONCE = """
import pathlib
from functions.backtests import simulate_itself
from functions.backtests.step import step

marker = pathlib.Path({directory!r}, "failed")

def fail(event, dependencies):
    marker.touch()
    raise OSError("once")

failing = step("simulate", fail, simulate_itself.dependencies)

def handler(event, context):
    return (simulate_itself.handler if marker.exists() else failing)(event, context)
"""
CRASH = """
import os

def handler(event, context):
    os._exit(1)
"""
POISONED = 2
POISON = """
import pathlib, time
from functions.backtests import simulate_itself
from tickfold.backtests import simulation
from tickfold.errors import StrategyFailedError

directory, simulate_all = pathlib.Path({directory!r}), simulation.simulate_all
numbers = []

def simulate_or_fail(*arguments):
    if numbers[-1] == {poisoned} and (directory / "poison").exists():
        while len(list(directory.glob("done-*"))) < 3:  # so that the others are not stopped on their way
            time.sleep(0.01)
        raise StrategyFailedError("strategy sma_cross failed: the bars are poisoned")
    return simulate_all(*arguments)

simulation.simulate_all = simulate_or_fail

def handler(event, context):
    numbers.append(event["chunk"])
    output = simulate_itself.handler(event, context)
    (directory / f"done-{{event['chunk']}}").touch()
    return output
"""


def _redrive(stack: EmbeddedStack, execution_arn: str) -> str:
    """Run the states from Simulate on, with the input that it had; return how that ended.

    The emulator has no RedriveExecution. A redriven execution begins with the state that failed and its input, under
    the same role, so a second machine of which that state is the first one does the same.
    """
    client = stack.client("stepfunctions")
    machine = client.describe_state_machine(stateMachineArn=stack.outputs["state_machine_arn"])
    definition = json.loads(machine["definition"])
    del definition["States"][definition["StartAt"]]
    history = client.get_execution_history(executionArn=execution_arn)["events"]
    (given,) = (event["stateEnteredEventDetails"]["input"] for event in history if event["type"] == "MapStateEntered")
    second = client.create_state_machine(
        name=f"{machine['name']}-redriven",
        definition=json.dumps(definition | {"StartAt": "Simulate"}),
        roleArn=machine["roleArn"],
    )["stateMachineArn"]
    try:
        execution = client.start_execution(stateMachineArn=second, input=given)["executionArn"]
        return str(wait_for_execution(stack, execution)["status"])
    finally:
        client.delete_state_machine(stateMachineArn=second)


def _chunks(stack: EmbeddedStack, run_id: str) -> dict[int, str]:
    """Return what was written of each chunk."""
    keys = {layout.chunk_key(run_id, "AAPL", number): number for number in range(4)}
    found = stack.client("s3").list_objects_v2(Bucket=stack.outputs["bucket"], Prefix=f"data/chunks/run_id={run_id}/")
    return {keys[each["Key"]]: each["ETag"] for each in found["Contents"] if each["Key"] in keys}


def test_a_poisoned_chunk_names_itself_and_the_run_can_be_redriven(
    stack: EmbeddedStack, recorders: Recorders, url: str, tmp_path: Path
) -> None:
    (tmp_path / "poison").touch()
    recorder = recorders.open(url)
    with deployed(stack, "simulate", POISON.format(directory=str(tmp_path), poisoned=POISONED)):
        recorder.send(REQUEST)
        failed = recorder.wait_for(lambda message: message["type"] == "failed")
        run_id = failed["runId"]
        assert failed["stage"] == "simulate"
        assert failed["reason"] == "chunk 2 of AAPL: strategy sma_cross failed: the bars are poisoned"
        before = final_state(stack, run_id)
        assert (before.run.status, before.execution) == ("failed", "FAILED")
        chunks = _chunks(stack, run_id)
        assert set(chunks) == {0, 1, 3}
        (tmp_path / "poison").unlink()
        assert _redrive(stack, before.run.execution_arn) == "SUCCEEDED"
    result = recorder.wait_for(lambda message: message["type"] == "result")
    left = final_state(stack, run_id)
    assert left.bodies[: len(before.bodies)] == before.bodies
    assert left.kinds[len(before.bodies)] == "reopened"
    assert [frame.text for frame in recorder.of(run_id)] == left.bodies
    again = _chunks(stack, run_id)
    assert {number: again[number] for number in chunks} == chunks
    undisturbed: Json = run(url, REQUEST)[-1]
    assert result["metrics"] == undisturbed["metrics"]


@pytest.mark.soak
def test_a_failure_that_was_made_good_is_not_blamed_for_a_later_one(
    stack: EmbeddedStack, recorders: Recorders, url: str, tmp_path: Path
) -> None:
    recorder = recorders.open(url)
    with (
        deployed(stack, "simulate", FAIL_ONCE.format(directory=str(tmp_path))),
        deployed(stack, "reduce", CRASH),
    ):
        recorder.send(REQUEST)
        failed = recorder.wait_for(lambda message: message["type"] == "failed")
    left = final_state(stack, failed["runId"])
    assert left.run.failure is not None
    assert left.run.failure.stage == "simulate"
    assert failed["stage"] == "reduce"
    assert failed["reason"].startswith("reduce failed: ")
