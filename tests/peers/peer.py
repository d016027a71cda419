"""backtesting.py as the peer: its bars as ours, our runs as its own, and its statistics under our names."""

from dataclasses import dataclass
from typing import Any

import backtesting
import backtesting.lib
import numpy as np
import pandas as pd

from tickfold.engine.automaton import Direction
from tickfold.engine.bars import Bars, decimals_of
from tickfold.engine.ledger import Account
from tickfold.engine.metrics import Metrics

ALLOWED: dict[Direction, tuple[int, ...]] = {"both": (1, -1), "long": (1,), "short": (-1,)}

FRACTIONS = {
    "final_equity": "Equity Final [$]",
    "peak_equity": "Equity Peak [$]",
    "sharpe": "Sharpe Ratio",
    "sortino": "Sortino Ratio",
    "calmar": "Calmar Ratio",
    "trades": "# Trades",
    "profit_factor": "Profit Factor",
    "sqn": "SQN",
    "kelly": "Kelly Criterion",
    "beta": "Beta",
}
PERCENTAGES = {
    "total_return": "Return [%]",
    "buy_and_hold_return": "Buy & Hold Return [%]",
    "annual_return": "Return (Ann.) [%]",
    "annual_volatility": "Volatility (Ann.) [%]",
    "cagr": "CAGR [%]",
    "max_drawdown": "Max. Drawdown [%]",
    "average_drawdown": "Avg. Drawdown [%]",
    "win_rate": "Win Rate [%]",
    "best_trade": "Best Trade [%]",
    "worst_trade": "Worst Trade [%]",
    "average_trade": "Avg. Trade [%]",
    "expectancy": "Expectancy [%]",
    "exposure": "Exposure Time [%]",
    "alpha": "Alpha [%]",
}
DURATIONS = {
    "max_drawdown_duration": "Max. Drawdown Duration",
    "average_drawdown_duration": "Avg. Drawdown Duration",
}


def bars_of(frame: pd.DataFrame) -> Bars:
    """Return the peer's `frame` as bars."""
    open_, high, low, close, volume = (
        frame[name].to_numpy(dtype=np.float64) for name in ("Open", "High", "Low", "Close", "Volume")
    )
    timestamp = pd.DatetimeIndex(frame.index).as_unit("us").asi8
    return Bars(timestamp, open_, high, low, close, volume, decimals_of(np.concatenate([open_, high, low, close])))


@dataclass(frozen=True)
class Rules:
    """Which of the peer's own rules a run keeps. As they stand here, it is asked to do as Tickfold does."""

    fills_the_last_bars_signal: bool = False
    repeats_a_side: bool = False
    sizes_by_the_fee_of_the_price_before_the_spread: bool = False


AS_OURS = Rules()


def run_peer(
    frame: pd.DataFrame,
    averages: tuple[int, int] | None,
    account: Account,
    direction: Direction = "both",
    *,
    rules: Rules = AS_OURS,
    fractional_unit: float | None = None,
) -> Any:
    """Run an SMA cross of `averages` (fast, slow), or buy and hold, and return the peer's statistics."""
    crosses = _crosses(frame, averages) if averages else None

    class Asked(backtesting.Strategy):  # type: ignore[misc]
        def init(self) -> None:
            self.side = 0
            if averages:  # the peer begins to trade, and its benchmark to run, where the slow average begins
                self.slow = self.I(lambda: frame["Close"].rolling(averages[1]).mean(), name="slow")

        def next(self) -> None:
            bar = len(self.data) - 1
            wanted = 1 if crosses is None else int(crosses[bar])
            if not wanted or (bar == len(frame) - 1 and not rules.fills_the_last_bars_signal):
                return
            side = wanted if wanted in ALLOWED[direction] else 0
            if side != self.side or rules.repeats_a_side:
                self.side = side
                (self.position.close, self.buy, self.sell)[side]()

    def fee(size: float, price: float) -> float:
        """The commission; where the peer asks for an order of a share of the cash, of the price with the spread."""
        if abs(size) < 1:
            price *= 1 + np.sign(size) * account.spread
        return float(abs(size) * price * account.commission)

    kind = backtesting.lib.FractionalBacktest if fractional_unit else backtesting.Backtest
    return kind(
        frame,
        Asked,
        cash=account.capital,
        spread=account.spread,
        commission=account.commission if rules.sizes_by_the_fee_of_the_price_before_the_spread else fee,
        exclusive_orders=True,
        finalize_trades=account.close_at_end,
        **({"fractional_unit": fractional_unit} if fractional_unit else {}),
    ).run()


def _crosses(frame: pd.DataFrame, averages: tuple[int, int]) -> np.ndarray:
    """Return 1 where the fast average crosses above the slow one and −1 where below, by pandas, in whole ticks."""
    close = frame["Close"]
    ticks = (close * 10.0 ** (bars_of(frame).decimals or 0)).round()
    fast, slow = (ticks.rolling(window).mean() for window in averages)
    above, below = fast > slow, fast < slow
    up, down = above & below.shift(fill_value=False), below & above.shift(fill_value=False)
    crosses: np.ndarray = (up.astype(int) - down.astype(int)).to_numpy()
    return crosses


def statistics_of(stats: Any) -> dict[str, float]:
    """Return the peer's `stats` under our names and in our units."""
    day = pd.Timedelta(days=1)
    found = {name: float(stats[theirs]) for name, theirs in FRACTIONS.items()}
    found |= {name: float(stats[theirs]) / 100 for name, theirs in PERCENTAGES.items()}
    found |= {name: pd.Timedelta(stats[theirs]) / day for name, theirs in DURATIONS.items()}
    found["commissions"] = float(stats.get("Commissions [$]", 0.0))
    assert set(found) == set(Metrics.__dataclass_fields__)
    return found
