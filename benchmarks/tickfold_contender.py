"""Tickfold as its workers run it: bars from Parquet, a single pass, every metric."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.contender import CAPITAL, FAST, PAIRS, SLOW, STOP_LOSS, TAKE_PROFIT
from benchmarks.market import DECIMALS
from tickfold.engine.accounting.account import Account
from tickfold.engine.backtest import AT_THE_NEXT_OPEN, Outcome, backtest
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.exits import StopLoss, TakeProfit
from tickfold.engine.decisions.orders import Orders
from tickfold.market_data import bar_store
from tickfold.strategies import BUILT_IN

ACCOUNT = Account(CAPITAL, close_at_end=False)


def contender(_name: str) -> "Tickfold":
    return Tickfold()


def cross(bars: Bars, fast: int = FAST, slow: int = SLOW, orders: Orders = AT_THE_NEXT_OPEN) -> Outcome:
    """Run the SMA cross in a single pass."""
    return backtest(bars, BUILT_IN.create("sma_cross", {"fast": fast, "slow": slow}), ACCOUNT, orders)


class Tickfold:
    def load(self, file: Path) -> Bars:
        return replace(bar_store.decode(file.read_bytes()), decimals=DECIMALS)

    def run(self, bars: Any) -> int:
        return int(cross(bars).metrics.trades)

    def sweep(self, bars: Any) -> int:
        return sum(int(cross(bars, fast, slow).metrics.trades) for fast, slow in PAIRS)

    def run_with_stops(self, bars: Any) -> int:
        orders = Orders(exits=(StopLoss(STOP_LOSS), TakeProfit(TAKE_PROFIT)))
        return int(cross(bars, orders=orders).metrics.trades)
