"""Ctrl-C while a run is followed, on a terminal and off it."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import pytest

from tests.client.fake_stack import FakeStack
from tickfold.protocol import Cancelled, Message

RUN = "goog-sma_cross-1"
OPTIONS = ("--symbol", "goog", "--start", "2004-08-19", "--end", "2013-03-01")
COMMAND = (sys.executable, "-m", "tickfold.cli")
CTRL_C = b"\x03"
QUESTION = f"run {RUN} goes on: detach from it, or cancel it? (d/c) [d]"
DETACHED = f"no longer followed; run {RUN} goes on in the stack: `tickfold attach {RUN}` shows it again"
SECONDS = 20


@pytest.fixture(autouse=True)
def _goes_on(fake: FakeStack, messages: list[Message]) -> None:
    fake.plan = messages[1:2]


class Terminal:
    """A command on a terminal of its own, and what it has written there."""

    def __init__(self, *arguments: str) -> None:
        self._screen, inside = pty.openpty()
        termios.tcsetwinsize(inside, (40, 200))
        # Of its own session, whose controlling terminal it is, so that Ctrl-C reaches it and nobody else.
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            env=os.environ | {"TERM": "xterm"},
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # noqa: PLW1509 - no threads in the child
        )
        os.close(inside)
        self.written = ""

    def press(self, keys: bytes) -> None:
        os.write(self._screen, keys)

    def read_until(self, text: str) -> None:
        deadline = time.monotonic() + SECONDS
        while text not in self.written:
            assert self._read(deadline - time.monotonic()), self.written[-500:]

    def end(self) -> int:
        """Read what is left, and return the exit status."""
        while self._read(SECONDS):
            pass
        return self.process.wait(SECONDS)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(SECONDS)
        os.close(self._screen)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._screen], [], [], max(0, seconds))
        try:
            piece = os.read(self._screen, 65_536) if ready else b""
        except OSError:  # how Linux says that the other side is closed
            piece = b""
        self.written += piece.decode()
        return bool(piece)


@contextmanager
def terminal(*arguments: str) -> Iterator[Terminal]:
    opened = Terminal(*arguments)
    try:
        yield opened
    finally:
        opened.close()


@pytest.mark.parametrize("answer", [b"d\n", b"\n", CTRL_C, b"\x04"], ids=["d", "enter", "ctrl-c", "ctrl-d"])
def test_on_a_terminal_a_run_is_detached_from(fake: FakeStack, answer: bytes) -> None:
    with terminal("run", *OPTIONS) as screen:
        screen.read_until("2,148 bars, 7 chunks")
        screen.press(CTRL_C)
        screen.read_until(QUESTION)
        screen.press(answer)
        assert screen.end() == 130
        assert DETACHED in screen.written
        assert "Traceback" not in screen.written
    assert "cancel" not in fake.types()


def test_on_a_terminal_a_run_is_cancelled(fake: FakeStack, messages: list[Message]) -> None:
    fake.runs[RUN] = messages[:2]
    with terminal("attach", RUN) as screen:
        screen.read_until("2,148 bars, 7 chunks")
        screen.press(CTRL_C)
        screen.read_until(QUESTION)
        screen.press(b"c\n")
        assert screen.end() == 130
        assert f"run {RUN} is cancelled" in screen.written
    assert isinstance(fake.runs[RUN][-1], Cancelled)


def test_off_a_terminal_nothing_is_asked(fake: FakeStack) -> None:
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


def test_a_lost_connection_is_seen_on_the_live_line(fake: FakeStack) -> None:
    with terminal("run", *OPTIONS) as screen:
        screen.read_until("2,148 bars, 7 chunks")
        fake.admit = lambda _token, _attempt: HTTPStatus.SERVICE_UNAVAILABLE
        fake.cut()
        screen.read_until("connection lost, connecting again")
        screen.written = ""
        fake.admit = lambda _token, _attempt: None
        screen.read_until("2,148 bars, 7 chunks")
        screen.press(CTRL_C)
        screen.read_until(QUESTION)
        screen.press(b"\n")
        assert screen.end() == 130
