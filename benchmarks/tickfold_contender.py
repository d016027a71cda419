"""Tickfold, as its workers run it: bars by buffers from Parquet, one pass, every metric."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.contender import CAPITAL, FAST, PAIRS, SLOW
from benchmarks.market import DECIMALS
from tickfold.engine.backtest import Outcome, backtest
from tickfold.engine.bars import Bars
from tickfold.engine.ledger import Account
from tickfold.storage import series
from tickfold.strategies import create

ACCOUNT = Account(CAPITAL, close_at_end=False)


def contender(_name: str) -> "Tickfold":
    return Tickfold()


def cross(bars: Bars, fast: int = FAST, slow: int = SLOW) -> Outcome:
    """Run the SMA cross in one pass."""
    return backtest(bars, create("sma_cross", {"fast": fast, "slow": slow}), ACCOUNT)


class Tickfold:
    def load(self, file: Path) -> Bars:
        return replace(series.decode(file.read_bytes()), decimals=DECIMALS)

    def run(self, bars: Any) -> int:
        return int(cross(bars).metrics.trades)

    def sweep(self, bars: Any) -> int:
        return sum(int(cross(bars, fast, slow).metrics.trades) for fast, slow in PAIRS)
