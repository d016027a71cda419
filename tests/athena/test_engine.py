"""The child process that runs Trino: its answers, its errors, and its end."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from embedded.account import ADMIN
from tools.trino.build import Program, build
from tools.trino.engine import EngineStoppedError, Trino, TrinoError

ROOT = Path(__file__).parents[2]
# Prints the id of its child, which is Trino, and waits for its own end.
PARENT = """
import time
from embedded.account import ADMIN
from tools.trino.build import build
from tools.trino.engine import Trino
with Trino(build(), "http://127.0.0.1:9", ADMIN, "none") as trino:
    print(trino.process_id, flush=True)
    time.sleep(600)
"""


def test_answer_has_athena_s_spelling(trino: Trino) -> None:
    answer = trino.ask("SELECT X'0aff' AS b, ROW(1, 'x') AS r, 1e10 AS d, CAST(NULL AS date) AS n, ARRAY[NULL] AS a")
    assert answer.rows == [["0a ff", "{field0=1, field1=x}", "1.0E10", None, "[null]"]]
    assert [column.name for column in answer.columns] == ["b", "r", "d", "n", "a"]
    assert answer.lists == 0


def test_parameters_are_put_in(trino: Trino) -> None:
    assert trino.ask("SELECT ? || ?, ?", ["'a?'", "'b'", "7"]).rows == [["a?b", "7"]]


def test_error_has_its_name_and_the_next_statement_is_answered(trino: Trino) -> None:
    with pytest.raises(TrinoError, match="COLUMN_NOT_FOUND: line 1:8: Column 'nothing'") as caught:
        trino.ask("SELECT nothing FROM runs")
    assert caught.value.name == "COLUMN_NOT_FOUND"
    assert trino.ask("SELECT 1").rows == [["1"]]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_process_ends_with_its_parent(program: Program, end: signal.Signals) -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.send_signal(end)
    deadline = time.monotonic() + 20
    while is_running(child):
        assert time.monotonic() < deadline, "Trino outlived its parent"
        time.sleep(0.05)


def is_running(process: int) -> bool:
    """Return whether a process runs: one that has ended and is not yet waited for does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return state.stdout[:1] not in ("", "Z")


def test_program_is_built_once(program: Program) -> None:
    started = time.monotonic()
    assert build() == program
    assert time.monotonic() - started < 2


def test_engine_that_cannot_start_says_why(tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'no room for the heap' >&2\n")
    java.chmod(0o755)
    broken = Trino(Program(java, ""), "http://127.0.0.1:9", ADMIN, "none")
    with pytest.raises(EngineStoppedError, match="no room for the heap"), broken:
        pass
