"""backtesting.py: its own example of an SMA cross."""

import warnings
from pathlib import Path
from typing import Any

import backtesting
import pandas as pd
from backtesting.lib import crossover

from benchmarks.contender import CAPITAL, FAST, PAIRS, SLOW

warnings.simplefilter("ignore")  # of trades that remain open, and of pandas' deprecations


def contender(_name: str) -> "BacktestingPy":
    return BacktestingPy()


class Cross(backtesting.Strategy):  # type: ignore[misc]
    fast, slow = FAST, SLOW

    def init(self) -> None:
        close = pd.Series(self.data.Close)
        self.short = self.I(close.rolling(self.fast).mean)
        self.long = self.I(close.rolling(self.slow).mean)

    def next(self) -> None:
        if crossover(self.short, self.long):
            self.buy()
        elif crossover(self.long, self.short):
            self.sell()


class BacktestingPy:
    def load(self, file: Path) -> pd.DataFrame:
        frame = pd.read_parquet(file).set_index("timestamp").tz_localize(None)
        return frame.rename(columns=str.capitalize)

    def run(self, bars: Any) -> int:
        return self._cross(bars)

    def sweep(self, bars: Any) -> int:
        return sum(self._cross(bars, fast=fast, slow=slow) for fast, slow in PAIRS)

    def _cross(self, bars: pd.DataFrame, **parameters: int) -> int:
        test = backtesting.Backtest(bars, Cross, cash=CAPITAL, exclusive_orders=True)
        return int(test.run(**parameters)["# Trades"])
