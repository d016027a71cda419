"""Ctrl-C while a run is followed, on a terminal and off it."""

import signal
import subprocess
from http import HTTPStatus

import pytest

from tests.cli.terminal import COMMAND, SECONDS, terminal
from tests.client.fake_stack import FakeStack
from tickfold.protocol import Cancelled, Message

RUN = "goog-sma_cross-1"
OPTIONS = ("--symbol", "goog", "--start", "2004-08-19", "--end", "2013-03-01")
CTRL_C = b"\x03"
QUESTION = f"run {RUN} is still running: detach from it, or cancel it? (d/c) [d]"
DETACHED = f"detached; run {RUN} continues in the stack: `tickfold attach {RUN}` follows it again"


@pytest.fixture(autouse=True)
def _goes_on(fake: FakeStack, messages: list[Message]) -> None:
    fake.plan = messages[1:2]


@pytest.mark.parametrize("answer", [b"d\n", b"\n", CTRL_C, b"\x04"], ids=["d", "enter", "ctrl-c", "ctrl-d"])
def test_ctrl_c_on_terminal_detaches_by_default(fake: FakeStack, answer: bytes) -> None:
    with terminal("run", *OPTIONS) as screen:
        screen.read_until("2,148 bars, 7 chunks")
        screen.press(CTRL_C)
        screen.read_until(QUESTION)
        screen.press(answer)
        assert screen.end() == 130
        assert DETACHED in screen.written
        assert "Traceback" not in screen.written
    assert "cancel" not in fake.types()


def test_ctrl_c_on_terminal_cancels_on_request(fake: FakeStack, messages: list[Message]) -> None:
    fake.runs[RUN] = messages[:2]
    with terminal("attach", RUN) as screen:
        screen.read_until("2,148 bars, 7 chunks")
        screen.press(CTRL_C)
        screen.read_until(QUESTION)
        screen.press(b"c\n")
        assert screen.end() == 130
        assert f"run {RUN} is cancelled" in screen.written
    assert isinstance(fake.runs[RUN][-1], Cancelled)


def test_ctrl_c_without_terminal_detaches(fake: FakeStack) -> None:
    command = [*COMMAND, "run", *OPTIONS]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        assert [process.stderr.readline(), process.stderr.readline()] == [
            f"run {RUN}\n",
            "GOOG 1d: 2,148 bars, 7 chunks\n",
        ]
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    assert (process.returncode, stdout, stderr) == (130, "", f"{DETACHED}\n")


def test_live_line_shows_lost_connection(fake: FakeStack) -> None:
    with terminal("run", *OPTIONS) as screen:
        screen.read_until("2,148 bars, 7 chunks")
        fake.admit = lambda _token, _attempt: HTTPStatus.SERVICE_UNAVAILABLE
        fake.cut()
        screen.read_until("connection lost, reconnecting")
        screen.written = ""
        fake.admit = lambda _token, _attempt: None
        screen.read_until("2,148 bars, 7 chunks")
        screen.press(CTRL_C)
        screen.read_until(QUESTION)
        screen.press(b"\n")
        assert screen.end() == 130
