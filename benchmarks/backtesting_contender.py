"""backtesting.py: its own example of an SMA cross."""

import warnings
from pathlib import Path
from typing import Any

import backtesting
import pandas as pd
from backtesting.lib import crossover

from benchmarks.contender import CAPITAL, FAST, SLOW

warnings.simplefilter("ignore")  # trades that remain open, and pandas' deprecations


def contender(_name: str) -> "BacktestingPy":
    return BacktestingPy()


class Cross(backtesting.Strategy):  # type: ignore[misc]
    def init(self) -> None:
        close = pd.Series(self.data.Close)
        self.short = self.I(close.rolling(FAST).mean)
        self.long = self.I(close.rolling(SLOW).mean)

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
        return int(backtesting.Backtest(bars, Cross, cash=CAPITAL, exclusive_orders=True).run()["# Trades"])
