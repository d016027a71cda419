"""What IPython, and so a notebook, shows of errors."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAD = """
from typing import ClassVar
import numpy as np, pandas as pd, tickfold as tf
close = pd.Series(1.0, index=pd.date_range("2024-01-01", periods=90))
frame = pd.DataFrame({name: close for name in ("open", "high", "low", "close")})
class Broken(tf.Strategy):
    name: ClassVar[str] = "broken"
    @property
    def lookback(self):
        return 0
    def signals(self, bars):
        return np.zeros(len(bars), dtype=np.int8) + missing
"""


def shown(code: str, directory: Path) -> str:
    """Return what a cell of `code` writes."""
    script = directory / "cell.py"
    script.write_text(
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell(colors='nocolor')\n"
        f"shell.run_cell({HEAD!r})\n"
        f"shell.run_cell({code!r})\n"
    )
    environment = {"IPYTHONDIR": str(directory), "HOME": str(directory), "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, env=environment)
    return done.stdout


def test_wrong_request_is_shown_in_one_line(tmp_path: Path) -> None:
    assert shown("tf.backtest(frame, capital=-1)", tmp_path) == (
        "RunError: capital -1: input should be greater than 0\n"
    )


@pytest.mark.parametrize("call", ["tf.backtest(frame, Broken)", "tf.sweep(frame, Broken)"])
def test_failing_strategy_is_shown_with_its_own_line(tmp_path: Path, call: str) -> None:
    lines = shown(call, tmp_path).splitlines()
    assert "    return np.zeros(len(bars), dtype=np.int8) + missing" in lines
    assert lines[-1].startswith(
        "ContractError: strategy broken failed: on 90 bars, 2024-01-01 to 2024-03-30, it raised"
    )
