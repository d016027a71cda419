"""`tickfold status` and `tickfold down` without a stack, and with one."""

from dataclasses import replace
from pathlib import Path

import pytest

from embedded import background, record
from embedded.kept.store import KeptStore, Row
from tests.cli.conftest import Command
from tests.cli.test_embedded_target import RUNNING


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TICKFOLD_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TICKFOLD_DATA_DIR", str(tmp_path))
    return tmp_path


def test_status_without_a_stack_says_what_is_kept(tickfold: Command, data: Path) -> None:
    ended = tickfold("status")
    assert (ended.status, ended.stdout) == (5, "")
    assert "no embedded stack is running; kept data: none yet. Start it with `tickfold up`" in ended.stderr
    with KeptStore(data / "stack.sqlite") as store:
        store.write([Row("s3://lake", "a", {}, b"1" * 2_000_000)])
    assert "stack.sqlite (" in tickfold("status").stderr


def test_status_says_where_the_stack_is(tickfold: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://127.0.0.1:4566/_aws/execute-api/1a2b3c4d"
    monkeypatch.setattr(record, "read", lambda: replace(RUNNING, outputs=RUNNING.outputs | {"http_url": url}))
    ended = tickfold("status")
    assert (ended.status, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[:5] == [
        "process       1",
        "WebSocket     ws://127.0.0.1:4566/live",
        f"HTTP API      {url}",
        "AWS endpoint  http://127.0.0.1:4566",
        "bucket        lake",
    ]


def test_down_is_idempotent(tickfold: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (tickfold("down").status, tickfold("down").stderr) == (0, "no embedded stack is running\n")
    monkeypatch.setattr(background, "stop", lambda: RUNNING)
    assert tickfold("down").stderr == "stopped process 1; its data are kept\n"


def test_down_that_fails_says_why(tickfold: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop() -> None:
        raise background.BackgroundError("process 1 is another user's")

    monkeypatch.setattr(background, "stop", stop)
    ended = tickfold("down")
    assert (ended.status, ended.stderr) == (1, "tickfold: process 1 is another user's\n")
