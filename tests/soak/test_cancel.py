"""Cancelling, at every stage and in every race: a run ends once, and none that has a result was stopped.

The gates hold a worker where the race is, so that it is run the same way each time.
"""

import json
import random
import time
from pathlib import Path

import pytest

from embedded.stack import EmbeddedStack
from tests.e2e.aftermath import FINAL, Aftermath, aftermath
from tests.e2e.conversation import SMA, Json, start
from tests.e2e.follower import Follower, Followers
from tests.e2e.release import gate
from tickfold.identity.user import Identity

REQUEST = start(first="2012-03-01", **SMA, chunks=3)


def _begin(follower: Follower, request: Json = REQUEST) -> str:
    """Start a run; return its id."""
    follower.say(request)
    run_id: str = follower.wait_for(lambda message: message["type"] == "accepted")["runId"]
    return run_id


def _cancel(follower: Follower, run_id: str) -> Json:
    """Ask to cancel the run; return the answer."""
    follower.say({"type": "cancel", "runId": run_id, "correlationId": "mine"})
    return follower.wait_for(lambda message: message.get("correlationId") == "mine")


def _invoke_cancel(stack: EmbeddedStack, follower: Follower, run_id: str) -> None:
    """Cancel as API Gateway would, by the real code: the emulator hands a function one message at a time."""
    known = follower.wait_for(lambda message: message["type"] == "identity")
    identity = Identity(known["userId"], tuple(known["portfolios"]), known["expiresAt"] // 1_000)
    context = {"connectionId": known["connectionId"], "messageId": "a", "authorizer": identity.to_context()}
    event = {"requestContext": context, "body": json.dumps({"type": "cancel", "runId": run_id})}
    stack.client("lambda").invoke(FunctionName="tickfold-embedded-message:1", Payload=json.dumps(event))


def _answers(follower: Follower, count: int) -> list[str]:
    """Wait for so many answers to cancel; return their types."""

    def answers() -> list[str]:
        return [frame.message["type"] for frame in follower.frames if frame.message.get("correlationId") == "mine"]

    follower.wait_until(lambda: len(answers()) >= count)
    return answers()


def _has_row(stack: EmbeddedStack, run_id: str) -> bool:
    """Tell whether the run is among those that Athena lists."""
    pages = (
        stack.client("s3")
        .get_paginator("list_objects_v2")
        .paginate(Bucket=stack.outputs["bucket"], Prefix="data/runs/")
    )
    return any(run_id in entry["Key"] for page in pages for entry in page.get("Contents", []))


def _hold_cancelled(left: Aftermath) -> None:
    assert (left.run.status, left.execution) == ("cancelled", "ABORTED")
    assert left.kinds[-1] == "cancelled"


@pytest.mark.parametrize(
    "function",
    [pytest.param("plan", marks=pytest.mark.soak), "simulate", pytest.param("reduce", marks=pytest.mark.soak)],
)
def test_a_run_is_cancelled_while_a_worker_is_at_work(
    stack: EmbeddedStack, followers: Followers, url: str, tmp_path: Path, function: str
) -> None:
    starter, other = followers.open_all([url, url])
    with gate(stack, function, tmp_path) as way:
        run_id = _begin(starter)
        way.wait()
        assert _cancel(other, run_id)["type"] == "cancelled"
        way.open()
        way.wait("passed")  # the worker has done what it does after the end
    left = aftermath(stack, run_id)
    _hold_cancelled(left)
    starter.wait_for(lambda message: message["type"] == "cancelled")
    assert [frame.text for frame in starter.of(run_id)] == left.bodies
    assert not _has_row(stack, run_id)


def test_to_cancel_twice_and_by_two_is_to_cancel_once(
    stack: EmbeddedStack, followers: Followers, url: str, tmp_path: Path
) -> None:
    starter, second, third = followers.open_all([url] * 3)
    with gate(stack, "simulate", tmp_path) as way:
        run_id = _begin(starter)
        way.wait()
        for follower in (starter, second, starter, third):
            follower.say({"type": "cancel", "runId": run_id, "correlationId": "mine"})
        for follower, answers in ((starter, 2), (second, 1), (third, 1)):
            assert _answers(follower, answers) == ["cancelled"] * answers
    _hold_cancelled(aftermath(stack, run_id))


def test_a_cancel_that_comes_before_the_result_is_the_end(
    stack: EmbeddedStack, followers: Followers, url: str, tmp_path: Path
) -> None:
    follower = followers.open(url)
    with gate(stack, "reduce", tmp_path, before="tickfold.backtests.run_lifecycle.RunLifecycle.end") as way:
        run_id = _begin(follower)
        way.wait()
        assert _cancel(follower, run_id)["type"] == "cancelled"
        way.open()
        way.wait("passed")
    _hold_cancelled(aftermath(stack, run_id))
    # The one case in which a cancelled run is in the table of runs: its row was written before it was cancelled.
    assert _has_row(stack, run_id)


def test_a_cancel_that_comes_after_the_result_says_so(stack: EmbeddedStack, followers: Followers, url: str) -> None:
    follower = followers.open(url)
    run_id = _begin(follower)
    follower.wait_for(lambda message: message["type"] == "result")
    answer = _cancel(follower, run_id)
    assert (answer["type"], answer["code"]) == ("error", "conflict")
    assert answer["reason"] == f"run {run_id} has ended already: succeeded"
    left = aftermath(stack, run_id)
    assert (left.run.status, left.execution) == ("succeeded", "SUCCEEDED")


def test_a_run_that_is_cancelled_before_its_execution_is_started_does_not_go_on(
    stack: EmbeddedStack, followers: Followers, url: str, tmp_path: Path
) -> None:
    starter, other = followers.open_all([url, url])
    other.say({"type": "whoami"})
    with gate(stack, "message", tmp_path, before="tickfold.backtests.workflow.Workflow.start") as way:
        run_id = _begin(starter)
        way.wait()
        _invoke_cancel(stack, other, run_id)
        other.wait_for(lambda message: message["type"] == "cancelled")
        way.open()
        way.wait("passed")
    left = aftermath(stack, run_id)
    _hold_cancelled(left)
    assert left.kinds == ["accepted", "cancelled"]


def test_a_cancel_at_any_moment_leaves_one_end(
    stack: EmbeddedStack, followers: Followers, url: str, in_full: bool
) -> None:
    chance, count = random.Random(7), 30 if in_full else 4  # noqa: S311 - no secret
    ends: list[str] = []
    for _ in range(count):
        starter, canceller = followers.open_all([url, url])
        run_id = _begin(starter)
        time.sleep(chance.uniform(0, 0.8))  # the moment is what is tried out
        _cancel(canceller, run_id)
        left = aftermath(stack, run_id)
        starter.wait_for(lambda message: message["type"] in FINAL)
        if left.run.status == "succeeded":
            assert left.execution == "SUCCEEDED"
        ends.append(left.run.status)
    cancelled, succeeded = (ends.count(status) for status in ("cancelled", "succeeded"))
    assert cancelled + succeeded == count
    print(f"\n{count} runs cancelled at random moments: {cancelled} were, {succeeded} had their result already")
