"""`tickfold check`: from a file or by name, on bars from wherever they are, to an exit status."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.golden import GOOG

DIP = '''
"""Buys after falling closes."""
from typing import Annotated, ClassVar
import numpy as np
from pydantic import Field
from tickfold.engine.bars import Bars
from tickfold.engine.signals import FLAT, HOLD, LONG, Signals
from tickfold.engine.indicators import lag, rolling_sum
from tickfold.strategies import Strategy

class Dip(Strategy):
    name: ClassVar[str] = "dip"
    falls: Annotated[int, Field(ge=1, le=20)] = 3

    @property
    def lookback(self) -> int:
        return self.falls

    def signals(self, bars: Bars) -> Signals:
        before = lag(bars.close, 1)
        signals = np.full(len(bars), HOLD, dtype=np.int8)
        signals[bars.close > before] = FLAT
        signals[rolling_sum((bars.close < before).astype(float), self.falls) == self.falls] = LONG
        return signals
'''
CHECKOUT = Path(__file__).parents[2]
NOT_BUNDLED = "no stack is running, and Tickfold itself has no"
PROMISES = ("imports", "signals", "bars untouched", "deterministic", "no look-ahead", "lookback", "exact fold")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "dip.py").write_text(DIP)
    return tmp_path / "dip.py"


@pytest.fixture
def bar_file(tmp_path: Path) -> Path:
    """The first four hundred real bars of GOOG, so that a check takes no time."""
    (tmp_path / "few.csv").write_text("".join(GOOG.open().readlines()[:401]))
    return tmp_path / "few.csv"


def test_sound_strategy_is_status_zero(tickfold: Command, alone: Path, file: Path, bar_file: Path) -> None:
    ended = tickfold("check", str(file), "--bars", str(bar_file), "--param", "falls=2")
    assert ended.status == 0, ended.stdout
    title, *lines = ended.stdout.splitlines()
    assert title == "dip(falls=2) on 400 bars of few.csv, 1d, 2004-08-19 to 2006-03-21"
    assert [line[2:17].strip() for line in lines if line[0] == "✓"] == list(PROMISES)
    assert "tickfold run --strategy dip" in ended.stderr


def test_check_without_stack_or_file_uses_bundled_bars(tickfold: Command, alone: Path) -> None:
    ended = tickfold("check", "buy_and_hold", "--symbol", "fb")
    assert ended.status == 0
    assert ended.stdout.startswith(
        "buy_and_hold() on 196 bars of FB 1d that come with Tickfold, 2012-05-18 to 2013-03-01"
    )


def test_broken_promise_is_status_one_with_bar(tickfold: Command, alone: Path, file: Path, bar_file: Path) -> None:
    file.write_text(DIP.replace("return self.falls", "return self.falls - 1"))
    ended = tickfold("check", str(file), "--bars", str(bar_file))
    assert ended.status == 1
    assert [line[2:17].strip() for line in ended.stdout.splitlines() if line[0] == "✗"] == ["lookback", "exact fold"]
    assert "increase the lookback: 3 suffices on these bars" in " ".join(ended.stdout.split())
    assert ended.stderr == ""


def test_undecidable_promise_is_status_one(tickfold: Command, alone: Path, bar_file: Path) -> None:
    ended = tickfold("check", "sma_cross", "--bars", str(bar_file), "--param", "slow=400")
    assert ended.status == 1
    assert "? lookback" in ended.stdout


def test_import_missing_on_lambda_is_found(tickfold: Command, alone: Path, file: Path, bar_file: Path) -> None:
    file.write_text(DIP.replace("import numpy as np", "import numpy as np, yaml"))
    ended = tickfold("check", str(file), "--bars", str(bar_file))
    assert ended.status == 1
    assert ended.stdout.splitlines()[1].startswith("✗ imports        yaml, which the functions on AWS do not have")


def test_import_missing_on_lambda_is_found_by_name_too(alone: Path, bar_file: Path) -> None:
    # A checkout of its own: strategies are found beside the package.
    shutil.copytree(CHECKOUT / "tickfold", alone / "tickfold", ignore=shutil.ignore_patterns("__pycache__"))
    (alone / "strategies").mkdir()
    (alone / "strategies" / "dip.py").write_text(DIP.replace("import numpy as np", "import numpy as np, yaml"))
    command = [sys.executable, "-m", "tickfold.cli", "check", "dip", "--bars", str(bar_file)]
    ended = subprocess.run(command, cwd=alone, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stdout.splitlines()[1].startswith("✗ imports        yaml, which the functions on AWS do not have")


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("body", "finding"),
    [
        ("while True: pass", "a call on at most 400 bars ran longer than 0.5 s"),
        ("import os; os._exit(0)", "on at most 400 bars it ended its process with exit code 0"),
        ("raise SystemExit", "it raised SystemExit"),
    ],
)
def test_strategy_that_does_not_return_is_told(
    tickfold: Command, file: Path, bar_file: Path, body: str, finding: str
) -> None:
    file.write_text(DIP.replace("before = lag(bars.close, 1)", body))
    ended = tickfold("check", str(file), "--bars", str(bar_file), "--timeout", "0.5")
    assert ended.status == 1
    assert finding in " ".join(ended.stdout.split())


def test_check_uses_last_bars_of_long_series(tickfold: Command, alone: Path, tmp_path: Path) -> None:
    days = (f"{second},{2 + second % 3},9,1,{2 + second // 2 % 3},1\n" for second in range(10**9, 10**9 + 4_500))
    (tmp_path / "long.csv").write_text("time,open,high,low,close,volume\n" + "".join(days))
    ended = tickfold("check", "donchian_breakout", "--bars", str(tmp_path / "long.csv"), "--param", "window=1")
    assert ended.stdout.startswith("donchian_breakout(window=1) on 4,000 bars of long.csv, 1s, ")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["absent.py"], "absent.py: there is no such file"),
        (["nonsense"], "unknown strategy 'nonsense'; known strategies: bollinger_reversion, "),
        (["macd", "--param", "fast=26"], "strategy macd: fast (26) must be less than slow (26)"),
        (
            ["macd", "--symbol", "NOPE"],
            "no stack is running, and Tickfold itself has no 1d bars of NOPE, only 1d of AAPL,",
        ),
        (
            ["macd", "--timeframe", "1m"],
            "no stack is running, and Tickfold itself has no 1m bars of AAPL, only 1d of AAPL,",
        ),
        (["macd", "--bars", "absent.csv"], "absent.csv does not exist"),
    ],
)
def test_uncheckable_strategy_is_one_line(tickfold: Command, alone: Path, arguments: list[str], reason: str) -> None:
    ended = tickfold("check", *arguments)
    assert (ended.status, ended.stdout) == (3, "")
    assert ended.stderr.startswith(f"tickfold: {reason}")
    assert ended.stderr.count("\n") == 1


def test_strategy_in_file_is_chosen_by_name(tickfold: Command, alone: Path, file: Path, bar_file: Path) -> None:
    file.write_text(DIP + '\n\nclass Deep(Dip):\n    name: ClassVar[str] = "deep"\n')
    ended = tickfold("check", str(file))
    assert ended.stderr == f"tickfold: {file} defines 2 strategies; choose one with --strategy: dip, deep\n"
    assert tickfold("check", str(file), "--strategy", "nope").stderr.endswith("it defines: dip, deep\n")
    assert tickfold("check", str(file), "--strategy", "deep", "--bars", str(bar_file)).stdout.startswith("deep(")
