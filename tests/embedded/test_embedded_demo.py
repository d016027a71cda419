"""`make demo`: it runs from end to end, and its exit code reports a failure."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from embedded.demo import StepFailedError, type_command
from embedded.stack import ROOT


def test_demo_runs_a_backtest_and_queries_it(tmp_path: Path) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "embedded.demo"],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    typed = re.findall(r"^\$ tickfold (\w+)", shown.stdout, re.MULTILINE)
    assert typed == ["data", "run", "query", "query"]
    assert "119" in shown.stdout.partition("FROM runs")[2]
    assert shown.stdout.rstrip().endswith("tickfold up")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("stack")
def test_failing_command_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(StepFailedError, match="exit code"):
        type_command("query", "SELECT * FROM missing")
    assert "$ tickfold query" in capfd.readouterr().out
