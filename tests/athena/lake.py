"""What the lake holds while engines are compared: bars of symbols with every character, and runs of every kind."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embedded.sample_bars import daily_bars
from embedded.stack import EmbeddedStack
from tickfold.engine.bars import Bars
from tickfold.market_data.bar_store import BarStore

SYMBOLS = (
    *(
        "ES=F",
        "^GSPC",
        "BTC/USD",
        "BTC",
        "BRK.B",
        "BF-B",
        "A_B",
        "7203.T",
        "ÄÖÜ",
        "日本",
        "🙂",
        "A B",
        "A%20B",
        "A%3DB",
    ),
    *("A+B", "A&B", "A:B", "A?B", "A#B", "A*B", "{A}", "A'B", 'A"B', "A,B", "A;B", "A|B", "A~B", "A@B", "A!B", "(A)"),
    *("_A", ".A", "..", "A/../B", "A//B", "A=B/C=D", "symbol=A", "%", "-", "0"),
)
"""Whatever a symbol may be; a load takes fewer. `$` and the backslash are not among them: Trino cannot find these."""
TICKS = "TICKS"
"""A symbol with bars a millisecond apart, from before 1970 to after 2262."""


@dataclass(frozen=True)
class Runs:
    """The ids of the runs in the lake."""

    single: str
    several: str
    sweep: str
    walk_forward: str


def bars_of(symbol: str) -> Bars:
    """Return the bars of one of `SYMBOLS`: no other symbol has as many."""
    return daily_bars("FB")[: SYMBOLS.index(symbol) + 5]


def load_symbols(stack: EmbeddedStack) -> None:
    """Store the bars of `SYMBOLS` and `TICKS`."""
    store = BarStore(stack.client("s3"), stack.outputs["bucket"])
    for symbol in SYMBOLS:
        store.put(symbol, "1d", bars_of(symbol), "synthetic")
    store.put(TICKS, "1s", _ticks(), "synthetic")


def _ticks() -> Bars:
    times = ["1969-12-31T23:59:59.999", "1970-01-01T00:00:00.000", "2024-03-10T07:30:00.001", "2024-11-03T05:30:00.999"]
    price = np.array([1.0, 1.5, 1e-7, 12345678.9])
    microseconds = np.array(times, dtype="datetime64[us]").astype(np.int64)
    return Bars(timestamp=microseconds, open=price, high=price, low=price, close=price, volume=price)


def make_runs(state_directory: Path) -> Runs:
    """Make the runs by the command line."""
    cross = ("--strategy", "sma_cross")
    sweep = ("sweep", *cross, "--param", "fast=5:20:5", "--param", "slow=50,100")
    return Runs(
        single=_run(state_directory, "run", *cross, "--symbol", "GOOG", "--stop-loss", "5%"),
        several=_run(state_directory, "run", *cross, "--symbol", "AAPL=0.5,IBM=0.25"),
        sweep=_run(state_directory, *sweep, "--symbol", "IBM", "--rank", "sharpe"),
        walk_forward=_run(state_directory, *sweep, "--symbol", "GOOG", "--walk-forward", "500:100"),
    )


def _run(state_directory: Path, *command: str) -> str:
    """Start a run, wait until it has its result, and return its id."""
    run_id = _tickfold(state_directory, *command, "--detach").strip()
    _tickfold(state_directory, "attach", run_id)
    return run_id


def _tickfold(state_directory: Path, *command: str) -> str:
    ended = subprocess.run(
        [Path(sys.executable).with_name("tickfold"), *command],
        env=os.environ | {"TICKFOLD_STATE_DIR": str(state_directory)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"tickfold {' '.join(command)}\n{ended.stderr}"
    return ended.stdout
