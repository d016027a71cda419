"""The record of the running stack: where it is, what it holds, and when it is stale."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from embedded import record
from embedded.account import Credentials
from tickfold.state_directory import state_directory

RECORD = record.Record(
    pid=os.getpid(),
    endpoint_url="http://127.0.0.1:4566",
    region="us-east-1",
    credentials=Credentials("id", "secret", "session"),
    outputs={"bucket": "lake"},
    token_endpoint="http://127.0.0.1:8080/token",  # noqa: S106 - not a password
    client_secret="s3cret",  # noqa: S106
)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own state directory, and a stack that responds."""
    directory = tmp_path / "state"
    monkeypatch.setenv("TICKFOLD_STATE_DIR", str(directory))
    monkeypatch.setattr("embedded.record.responds", lambda url: url == RECORD.endpoint_url)
    return directory


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_record_round_trips(state: Path) -> None:
    record.write(RECORD)
    assert record.read() == RECORD
    assert list(state.iterdir()) == [record.path()]


def test_record_is_readable_by_its_user_only() -> None:
    record.write(RECORD)
    assert record.path().stat().st_mode & 0o777 == 0o600


def test_second_write_replaces_the_record() -> None:
    record.write(RECORD)
    newer = record.Record(**vars(RECORD) | {"region": "eu-west-1"})
    record.write(newer)
    assert record.read() == newer


def test_missing_record_is_none() -> None:
    assert record.read() is None
    record.remove()


@pytest.mark.parametrize("changes", [{"pid": ended_process()}, {"endpoint_url": "http://127.0.0.1:9"}])
def test_record_of_a_stack_that_has_ended_is_removed(changes: dict[str, object]) -> None:
    record.write(record.Record(**vars(RECORD) | changes))
    assert record.read() is None
    assert not record.path().exists()


def test_process_of_another_user_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int, _number: int) -> None:
        raise PermissionError

    record.write(RECORD)
    monkeypatch.setattr("os.kill", refuse)
    assert record.read() == RECORD


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"credentials": {}}', '{"pid": 1}'])
def test_damaged_record_is_removed(state: Path, text: str) -> None:
    state.mkdir()
    record.path().write_text(text)
    assert record.read() is None
    assert not record.path().exists()


def test_state_directory_is_in_the_xdg_state_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    assert state_directory() == tmp_path / "state"
    monkeypatch.delenv("TICKFOLD_STATE_DIR")
    assert state_directory() == tmp_path / "xdg" / "tickfold"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_directory() == tmp_path / ".local" / "state" / "tickfold"
