"""`tickfold up` where it cannot start: one clear line each, at once, and nothing that was there is lost."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from embedded.kept.directory import KeptDirectory
from embedded.kept.store import KeptStore, Row
from tests.cli.conftest import Command


@pytest.fixture
def kept(alone: Path, monkeypatch: pytest.MonkeyPatch) -> KeptDirectory:
    """The data of an earlier start."""
    monkeypatch.setenv("TICKFOLD_DATA_DIR", str(alone / "data"))
    (alone / "data").mkdir()
    directory = KeptDirectory(alone / "data")
    with KeptStore(directory.file) as store:
        store.write([Row("s3://lake", "a", {}, b"1")])
    return directory


def refusal(tickfold: Command, *arguments: str) -> str:
    """Return the one line that `up` ends with."""
    ended = tickfold("up", *arguments)
    assert (ended.status, ended.stdout) == (1, "")
    assert "Traceback" not in ended.stderr
    return ended.stderr.splitlines()[-1]


@pytest.mark.parametrize("how", [(), ("--fresh",)])
def test_port_that_is_taken(tickfold: Command, kept: KeptDirectory, how: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refusal(tickfold, "--port", str(port), *how)
    assert said.startswith(f"tickfold: port {port} of 127.0.0.1 cannot be used (Address already in use): stop the")
    assert kept.check() == 1


def test_second_up_on_the_same_data(tickfold: Command, kept: KeptDirectory) -> None:
    with kept:
        said = refusal(tickfold, "--port", "0", "--fresh")
    assert f"another embedded stack (process {os.getpid()}) uses the data in {kept.path}: stop it with" in said
    assert kept.check() == 1


def test_damaged_data(tickfold: Command, kept: KeptDirectory) -> None:
    kept.file.write_bytes(b"no database" * 100)
    assert f"{kept.file} is damaged (file is not a database): restore it" in refusal(tickfold, "--port", "0")
    assert kept.file.read_bytes() == b"no database" * 100


@pytest.mark.parametrize("how", [(), ("--detach",)])
def test_home_that_cannot_be_written(
    tickfold: Command, alone: Path, monkeypatch: pytest.MonkeyPatch, how: tuple[str, ...]
) -> None:
    (alone / "home").write_text("a file, in which even root can make no directory")
    for name in ("TICKFOLD_STATE_DIR", "TICKFOLD_DATA_DIR", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(alone / "home"))
    said = refusal(tickfold, "--port", "0", *how)
    assert said.startswith(
        f"tickfold: {alone / 'home'}/.local/state/tickfold cannot be used for the stack's state (Not"
    )
    assert "set TICKFOLD_STATE_DIR" in said


FULL = """
import resource, signal, sys
from tickfold.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit fails, as one on a full disk does
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
main()
"""


@pytest.mark.parametrize(("limit", "place"), [(1_000, "state"), (20_000, "data")])
def test_full_disk(kept: KeptDirectory, alone: Path, limit: int, place: str) -> None:
    before = sorted(kept.path.iterdir())
    command = [sys.executable, "-c", FULL, str(limit), "up", "--port", "0", "--fresh"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (1, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("tickfold: ")
    assert str(alone / place) in last
    assert "Traceback" not in done.stderr
    asides = [kept.path / "stack.sqlite.before", kept.file]
    with KeptStore(next(file for file in asides if file.exists())) as store:
        assert [row.key for row in store.rows("s3://lake")] == ["a"]
    assert set(before) <= {*kept.path.iterdir()} | {kept.file}
