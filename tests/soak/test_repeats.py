"""Workers that die, and work that is done more than once: a run still has one result, and tells of each thing once."""

import os
import signal
import time
from pathlib import Path

import pytest

from embedded.stack import EmbeddedStack
from tests.conftest import url_for
from tests.e2e.final_state import FinalState, final_state
from tests.e2e.recorder import ReconnectingClient, Recorder, Recorders
from tests.e2e.release import deployed, each_invoked_twice
from tests.e2e.websocket_client import SMA, Json, start

SECONDS = 30
CHUNKS = 3
REQUEST = start(**SMA, chunks=CHUNKS)
HANG_ONCE = """
import os, pathlib, time
from functions.{folder} import {function}_itself

def handler(event, context):
    marker = pathlib.Path({directory!r}, "worker")
    first = not marker.exists() and {here}
    output = None if first and {before!r} else {function}_itself.handler(event, context)
    if first:
        started = marker.with_suffix(".started")
        started.write_text(str(os.getpid()))
        started.rename(marker)
        time.sleep(60)
    return output
"""
FAIL_AT_THE_END_TWICE = """
import pathlib
from functions.backtests import reduce_itself
from tickfold.backtests.run_lifecycle import RunLifecycle

directory, end = pathlib.Path({directory!r}), RunLifecycle.end

def end_or_fail(self, *arguments, **more):
    attempts = len(list(directory.iterdir()))
    (directory / str(attempts)).touch()
    if attempts < 2:
        raise OSError("the disk is full")
    return end(self, *arguments, **more)

RunLifecycle.end = end_or_fail
handler = reduce_itself.handler
"""
POISONED = """
from functions.backtests import simulate_itself
from functions.backtests.step import step
from tickfold.errors import RunError

def fail(event, dependencies):
    raise RunError("the chunk is poisoned")

handler = step("simulate", fail, simulate_itself.dependencies)
"""


def _follow(recorder: Recorder, request: Json = REQUEST) -> str:
    """Start a run; return its id."""
    recorder.send(request)
    run_id: str = recorder.wait_for(lambda message: message["type"] == "accepted")["runId"]
    return run_id


def _heard_once(recorder: Recorder, left: FinalState) -> None:
    recorder.wait_for(lambda message: message["sequence"] == left.run.sequence)
    assert [frame.text for frame in recorder.of(left.run.run_id)] == left.bodies
    kinds = left.kinds
    pieces = [message["piece"] for message in left.messages if message["type"] == "partial"]
    assert pieces == list(range(1, kinds.count("partial") + 1))
    assert (kinds[:2], kinds.count("planned"), kinds[-1]) == (["accepted", "planned"], 1, "result")


def _metrics(left: FinalState) -> Json:
    metrics: Json = left.messages[-1]["metrics"]
    return metrics


@pytest.fixture(scope="module")
def undisturbed(stack: EmbeddedStack, url: str) -> FinalState:
    """The run that all the others are to be equal to."""
    with Recorders() as recorders:
        return final_state(stack, _follow(recorders.open(url)))


def _kill_worker(stack: EmbeddedStack, function: str, marker: Path) -> None:
    """Kill the process of the stack's emulator that says in `marker` that it is at work on `function`."""
    deadline = time.monotonic() + SECONDS
    while not marker.exists():
        assert time.monotonic() < deadline, f"no worker of {function} has begun"
        time.sleep(0.01)
    process = int(marker.read_text())
    command = Path(f"/proc/{process}/cmdline").read_text()
    assert str(stack.log_file.parent) in command
    assert f"-lambda-tickfold-embedded-{function}-" in command
    os.kill(process, signal.SIGKILL)


SECOND_CHUNK = "event['chunk'] == 1"
KILLED = [
    pytest.param("plan", "True", True, marks=pytest.mark.soak),
    pytest.param("plan", "True", False, marks=pytest.mark.soak),
    ("simulate", SECOND_CHUNK, True),
    pytest.param("simulate", SECOND_CHUNK, False, marks=pytest.mark.soak),
    pytest.param("reduce", "True", True, marks=pytest.mark.soak),
    ("reduce", "True", False),
]


@pytest.mark.parametrize(("function", "here", "before"), KILLED)
def test_a_worker_that_is_killed_at_work_is_made_up_for(
    stack: EmbeddedStack,
    recorders: Recorders,
    undisturbed: FinalState,
    tmp_path: Path,
    *,
    function: str,
    here: str,
    before: bool,
) -> None:
    source = HANG_ONCE.format(folder="backtests", function=function, directory=str(tmp_path), before=before, here=here)
    recorder = recorders.open(url_for(stack, "tester"))
    with deployed(stack, function, source):
        run_id = _follow(recorder)
        _kill_worker(stack, function, tmp_path / "worker")
        left = final_state(stack, run_id)
    _heard_once(recorder, left)
    assert (left.run.status, left.execution) == ("succeeded", "SUCCEEDED")
    assert _metrics(left) == _metrics(undisturbed)


def test_what_a_killed_deliverer_had_in_hand_is_delivered(
    stack: EmbeddedStack, recorders: Recorders, url: str, tmp_path: Path
) -> None:
    source = HANG_ONCE.format(
        folder="websocket", function="deliver", directory=str(tmp_path), before=True, here="'planned' in str(event)"
    )
    client = ReconnectingClient(url, recorders)
    recorder = client.connect()
    with deployed(stack, "deliver", source):
        run_id = _follow(recorder)
        _kill_worker(stack, "deliver", tmp_path / "worker")
        left = final_state(stack, run_id)
        recorder.wait_for(lambda message: message["type"] == "result")
    copies = client.copies(run_id)
    assert [set(copies[sequence]) for sequence in sorted(copies)] == [{body} for body in left.bodies]


def test_functions_that_are_all_invoked_twice_do_everything_once(
    stack: EmbeddedStack, recorders: Recorders, undisturbed: FinalState
) -> None:
    client = ReconnectingClient(url_for(stack, "doubled", ["doubled"]) + "&portfolioId=doubled", recorders)
    with each_invoked_twice(stack):
        recorder = client.connect()
        run_id = _follow(recorder, REQUEST | {"portfolio": "doubled"})
        left = final_state(stack, run_id)
        recorder.wait_for(lambda message: message["type"] == "result")
        with deployed(stack, "simulate", POISONED):
            failed = final_state(stack, _follow(client.connect()))
        client.connections[1].wait_for(lambda message: message["type"] == "failed")
    copies = client.copies(run_id)
    assert [set(copies[sequence]) for sequence in sorted(copies)] == [{body} for body in left.bodies]
    assert _but_progress(left.kinds) == _but_progress(undisturbed.kinds)
    assert _metrics(left) == _metrics(undisturbed)
    assert failed.kinds == ["accepted", "planned", "failed"]
    assert failed.messages[-1]["reason"] == "the chunk is poisoned"


def test_a_reducer_that_fails_at_its_end_twice_tells_each_piece_once(
    stack: EmbeddedStack, recorders: Recorders, url: str, undisturbed: FinalState, tmp_path: Path
) -> None:
    recorder = recorders.open(url)
    with deployed(stack, "reduce", FAIL_AT_THE_END_TWICE.format(directory=str(tmp_path))):
        left = final_state(stack, _follow(recorder))
    assert len(list(tmp_path.iterdir())) == 3
    _heard_once(recorder, left)
    assert left.execution == "SUCCEEDED"
    assert _metrics(left) == _metrics(undisturbed)


def _but_progress(kinds: list[str]) -> list[str]:
    """Return the kinds of messages without progress, which is told by the clock: more of it on a busy machine."""
    return [kind for kind in kinds if kind != "progress"]
