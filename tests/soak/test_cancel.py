"""Cancelling, at every stage and in every race: a run ends once, and none that has a result was stopped.

The gates hold a worker where the race is, so that it is run the same way each time.
"""

import json
import random
import time
from pathlib import Path

import pytest

from embedded.stack import EmbeddedStack
from tests.e2e.final_state import FINAL, FinalState, final_state
from tests.e2e.recorder import Recorder, Recorders
from tests.e2e.release import gate
from tests.e2e.websocket_client import SMA, Json, start
from tickfold.identity.user import User

REQUEST = start(first="2012-03-01", **SMA, chunks=3)


def _begin(recorder: Recorder, request: Json = REQUEST) -> str:
    """Start a run; return its id."""
    recorder.send(request)
    run_id: str = recorder.wait_for(lambda message: message["type"] == "accepted")["runId"]
    return run_id


def _cancel(recorder: Recorder, run_id: str) -> Json:
    """Ask to cancel the run; return the answer."""
    recorder.send({"type": "cancel", "runId": run_id, "correlationId": "mine"})
    return recorder.wait_for(lambda message: message.get("correlationId") == "mine")


def _invoke_cancel(stack: EmbeddedStack, recorder: Recorder, run_id: str) -> None:
    """Cancel as API Gateway would, by the real code: the emulator hands a function one message at a time."""
    known = recorder.wait_for(lambda message: message["type"] == "identity")
    identity = User(known["userId"], tuple(known["portfolios"]), known["expiresAt"] // 1_000)
    context = {"connectionId": known["connectionId"], "messageId": "a", "authorizer": identity.to_context()}
    event = {"requestContext": context, "body": json.dumps({"type": "cancel", "runId": run_id})}
    stack.client("lambda").invoke(FunctionName="tickfold-embedded-message:1", Payload=json.dumps(event))


def _answers(recorder: Recorder, count: int) -> list[str]:
    """Wait for so many answers to cancel; return their types."""

    def answers() -> list[str]:
        return [frame.message["type"] for frame in recorder.frames if frame.message.get("correlationId") == "mine"]

    recorder.wait_until(lambda: len(answers()) >= count)
    return answers()


def _has_row(stack: EmbeddedStack, run_id: str) -> bool:
    """Tell whether the run is among those that Athena lists."""
    pages = (
        stack.client("s3")
        .get_paginator("list_objects_v2")
        .paginate(Bucket=stack.outputs["bucket"], Prefix="data/runs/")
    )
    return any(run_id in entry["Key"] for page in pages for entry in page.get("Contents", []))


def _hold_cancelled(left: FinalState) -> None:
    assert (left.run.status, left.execution) == ("cancelled", "ABORTED")
    assert left.kinds[-1] == "cancelled"


@pytest.mark.parametrize(
    "function",
    [pytest.param("plan", marks=pytest.mark.soak), "simulate", pytest.param("reduce", marks=pytest.mark.soak)],
)
def test_a_run_is_cancelled_while_a_worker_is_at_work(
    stack: EmbeddedStack, recorders: Recorders, url: str, tmp_path: Path, function: str
) -> None:
    starter, other = recorders.open_all([url, url])
    with gate(stack, function, tmp_path) as way:
        run_id = _begin(starter)
        way.wait()
        assert _cancel(other, run_id)["type"] == "cancelled"
        way.open()
        way.wait("passed")  # the worker has done what it does after the end
    left = final_state(stack, run_id)
    _hold_cancelled(left)
    starter.wait_for(lambda message: message["type"] == "cancelled")
    assert [frame.text for frame in starter.of(run_id)] == left.bodies
    assert not _has_row(stack, run_id)


def test_to_cancel_twice_and_by_two_is_to_cancel_once(
    stack: EmbeddedStack, recorders: Recorders, url: str, tmp_path: Path
) -> None:
    starter, second, third = recorders.open_all([url] * 3)
    with gate(stack, "simulate", tmp_path) as way:
        run_id = _begin(starter)
        way.wait()
        for recorder in (starter, second, starter, third):
            recorder.send({"type": "cancel", "runId": run_id, "correlationId": "mine"})
        for recorder, answers in ((starter, 2), (second, 1), (third, 1)):
            assert _answers(recorder, answers) == ["cancelled"] * answers
    _hold_cancelled(final_state(stack, run_id))


def test_a_cancel_that_comes_before_the_result_is_the_end(
    stack: EmbeddedStack, recorders: Recorders, url: str, tmp_path: Path
) -> None:
    recorder = recorders.open(url)
    with gate(stack, "reduce", tmp_path, before="tickfold.backtests.run_lifecycle.RunLifecycle.end") as way:
        run_id = _begin(recorder)
        way.wait()
        assert _cancel(recorder, run_id)["type"] == "cancelled"
        way.open()
        way.wait("passed")
    _hold_cancelled(final_state(stack, run_id))
    # The one case in which a cancelled run is in the table of runs: its row was written before it was cancelled.
    assert _has_row(stack, run_id)


def test_a_cancel_that_comes_after_the_result_says_so(stack: EmbeddedStack, recorders: Recorders, url: str) -> None:
    recorder = recorders.open(url)
    run_id = _begin(recorder)
    recorder.wait_for(lambda message: message["type"] == "result")
    answer = _cancel(recorder, run_id)
    assert (answer["type"], answer["code"]) == ("error", "conflict")
    assert answer["reason"] == f"run {run_id} has ended already: succeeded"
    left = final_state(stack, run_id)
    assert (left.run.status, left.execution) == ("succeeded", "SUCCEEDED")


def test_a_run_that_is_cancelled_before_its_execution_is_started_does_not_go_on(
    stack: EmbeddedStack, recorders: Recorders, url: str, tmp_path: Path
) -> None:
    starter, other = recorders.open_all([url, url])
    other.send({"type": "whoami"})
    with gate(stack, "message", tmp_path, before="tickfold.backtests.workflow.Workflow.start") as way:
        run_id = _begin(starter)
        way.wait()
        _invoke_cancel(stack, other, run_id)
        other.wait_for(lambda message: message["type"] == "cancelled")
        way.open()
        way.wait("passed")
    left = final_state(stack, run_id)
    _hold_cancelled(left)
    assert left.kinds == ["accepted", "cancelled"]


def test_a_cancel_at_any_moment_leaves_one_end(
    stack: EmbeddedStack, recorders: Recorders, url: str, in_full: bool
) -> None:
    chance, count = random.Random(7), 30 if in_full else 4  # noqa: S311 - no secret
    ends: list[str] = []
    for _ in range(count):
        starter, canceller = recorders.open_all([url, url])
        run_id = _begin(starter)
        time.sleep(chance.uniform(0, 0.8))  # the moment is what is tried out
        _cancel(canceller, run_id)
        left = final_state(stack, run_id)
        starter.wait_for(lambda message: message["type"] in FINAL)
        if left.run.status == "succeeded":
            assert left.execution == "SUCCEEDED"
        ends.append(left.run.status)
    cancelled, succeeded = (ends.count(status) for status in ("cancelled", "succeeded"))
    assert cancelled + succeeded == count
    print(f"\n{count} runs cancelled at random moments: {cancelled} were, {succeeded} had their result already")
