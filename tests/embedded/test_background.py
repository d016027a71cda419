"""`tickfold up --detach` and `tickfold down`, with small programs in place of the stack."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded import background, record
from embedded.account import Credentials
from embedded.background import BackgroundError
from embedded.process import is_alive


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TICKFOLD_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr("embedded.record.responds", lambda _url: True)
    return tmp_path / "state"


def record_of(pid: int) -> record.Record:
    return record.Record(pid, "http://127.0.0.1:9", "us-east-1", Credentials("a", "b"), {"bucket": "lake"}, "", "")


def use_program(monkeypatch: pytest.MonkeyPatch, directory: Path, script: str) -> None:
    """Start a shell script in place of Python."""
    program = directory / "program"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr("embedded.background.sys.executable", str(program))


def test_start_that_fails_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_program(monkeypatch, tmp_path, "echo starting; echo 'tickfold: port 4566 is taken'; exit 1")
    with pytest.raises(BackgroundError, match=r"^port 4566 is taken$"):
        background.start(["--port", "4566"], lambda _line: None)


def test_start_that_fails_in_silence_gives_its_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_program(monkeypatch, tmp_path, "exit 7")
    with pytest.raises(BackgroundError, match="exit code 7"):
        background.start([], lambda _line: None)


def test_start_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_program(monkeypatch, tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 60")
    monkeypatch.setattr(background, "START_SECONDS", 0.5)
    with pytest.raises(BackgroundError, match=r"within 0 s; see .*up\.log"):
        background.start([], lambda _line: None)
    assert not is_alive(int((tmp_path / "pid").read_text()))


def started_with(script: str) -> subprocess.Popen[str]:
    """Return a process that has begun to run `script`, recorded as the stack."""
    process = subprocess.Popen([sys.executable, "-uc", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    record.write(record_of(process.pid))
    return process


@pytest.fixture
def stubborn() -> Iterator[subprocess.Popen[str]]:
    """A stack that does not end when it is asked to."""
    process = started_with("import signal,time; signal.signal(15, signal.SIG_IGN); print('ready'); time.sleep(60)")
    yield process
    process.kill()
    process.wait()


def test_stack_that_does_not_stop_is_killed(stubborn: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "STOP_SECONDS", 0.2)
    # A child that has ended keeps its id until its parent waits for it.
    monkeypatch.setattr("embedded.process.is_alive", lambda _pid: stubborn.poll() is None)
    stopped = background.stop()
    assert stopped
    assert (stopped.pid, stubborn.wait(5)) == (stubborn.pid, -9)
    assert not record.path().exists()


def test_nothing_to_stop() -> None:
    assert background.stop() is None


def test_stack_of_another_user_is_not_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    record.write(record_of(os.getpid()))

    def denied(_pid: int, number: int) -> None:
        if number:
            raise PermissionError

    monkeypatch.setattr("os.kill", denied)
    with pytest.raises(BackgroundError, match="another user's"):
        background.stop()
