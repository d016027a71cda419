"""backtesting.py as the peer: its bars as ours, our runs as its own, and its statistics under our names."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import backtesting
import backtesting.lib
import numpy as np
import pandas as pd

from tests.engine.order_terms import OrderTerms
from tickfold.engine.accounting.account import Account
from tickfold.engine.bars import Bars, decimals_of
from tickfold.engine.calendar import SessionCalendar
from tickfold.engine.decisions.terms import Direction
from tickfold.engine.performance.metrics import Metrics
from tickfold.engine.signals import HOLD, Signals

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

OURS_ALONE = {"turnover", "cost_paid", "periods_per_year"}
"""Metrics that the peer does not have."""


def bars_of(frame: pd.DataFrame) -> Bars:
    """Return the peer's `frame` as bars, with the peer's sessions: UTC days."""
    open_, high, low, close, volume = (
        frame[name].to_numpy(dtype=np.float64) for name in ("Open", "High", "Low", "Close", "Volume")
    )
    timestamp = pd.DatetimeIndex(frame.index).as_unit("us").asi8
    decimals = decimals_of(np.concatenate([open_, high, low, close]))
    return Bars(timestamp, open_, high, low, close, volume, decimals, SessionCalendar())


def ticks_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the peer's prices in whole ticks, where they lie on a grid."""
    return (frame * 10.0 ** (bars_of(frame).decimals or 0)).round() if bars_of(frame).decimals else frame


@dataclass(frozen=True)
class Rules:
    """Which of the peer's own rules a run keeps. As they stand here, it is asked to do as Tickfold does."""

    fills_the_last_bars_signal: bool = False
    repeats_a_side: bool = False
    sizes_by_the_fee_of_the_price_before_the_spread: bool = False


AS_OURS = Rules()


def fee_of(account: Account) -> Callable[[float, float], float]:
    """Return the commission; where the peer asks for an order of a share of the cash, of the price with the spread."""

    def fee(size: float, price: float) -> float:
        if abs(size) < 1:
            price *= 1 + np.sign(size) * account.spread
        return float(abs(size) * price * account.commission.relative)

    return fee


def run_peer(
    frame: pd.DataFrame,
    signals: Signals,
    account: Account,
    direction: Direction = "both",
    *,
    rules: Rules = AS_OURS,
    fractional_unit: float | None = None,
) -> Any:
    """Trade `signals` and return the peer's statistics."""

    class Signalled(backtesting.Strategy):  # type: ignore[misc]
        def init(self) -> None:
            self.side = 0

        def next(self) -> None:
            bar = len(self.data) - 1
            signal = int(signals[bar])
            if signal == HOLD or (bar == len(frame) - 1 and not rules.fills_the_last_bars_signal):
                return
            side = signal if signal in ALLOWED[direction] else 0
            if side != self.side or rules.repeats_a_side:
                self.side = side
                (self.position.close, self.buy, self.sell)[side]()

    kind = backtesting.lib.FractionalBacktest if fractional_unit else backtesting.Backtest
    return kind(
        frame,
        Signalled,
        cash=account.capital,
        spread=account.spread,
        commission=account.commission.relative
        if rules.sizes_by_the_fee_of_the_price_before_the_spread
        else fee_of(account),
        exclusive_orders=True,
        finalize_trades=account.close_at_end,
        **({"fractional_unit": fractional_unit} if fractional_unit else {}),
    ).run()


def run_peer_with_orders(frame: pd.DataFrame, signals: Signals, account: Account, terms: OrderTerms) -> Any:
    """Trade `signals` on `terms`, stated as the peer's own parameters: sl=, tp=, limit=, trade_on_close.

    Its stops are prices that an order carries, so a stop at a distance from the next open has to look that open up.
    """

    class Ordered(backtesting.Strategy):  # type: ignore[misc]
        def init(self) -> None:
            self.placed = 0

        def next(self) -> None:
            bar = len(self.data) - 1
            if bar == len(frame) - 1:
                return
            self._trail()
            self._expire(bar)
            signal = int(signals[bar])
            side = signal if signal in ALLOWED[terms.direction] else 0
            held = int(np.sign(self.position.size))
            if signal != HOLD and side == 0:
                self._cancel()
                self.position.close()
            elif signal != HOLD and side != held and side not in [np.sign(order.size) for order in self._waiting()]:
                self._place(bar, side)
            elif held and terms.max_bars and bar - self._entered() >= terms.max_bars:
                self.position.close()

        def _entered(self) -> int:
            return int(self.trades[0].entry_bar) - (terms.fill == "open")

        def _place(self, bar: int, side: int) -> None:
            at = frame["Close"].iloc[bar] if terms.fill == "close" else frame["Open"].iloc[bar + 1]
            stops = [distance for distance in (terms.stop_loss, terms.trailing_stop) if distance is not None]
            self.placed = bar
            (self.buy if side > 0 else self.sell)(
                sl=at * (1 - side * min(stops)) if stops else None,
                tp=at * (1 + side * terms.take_profit) if terms.take_profit else None,
                limit=frame["Close"].iloc[bar] * (1 - side * terms.limit) if terms.limit is not None else None,
            )

        def _trail(self) -> None:
            if terms.trailing_stop is None:
                return
            for trade in self.trades:
                side = 1 if trade.is_long else -1
                best = self.data.High[-1] if trade.is_long else self.data.Low[-1]
                level = best * (1 - side * terms.trailing_stop)
                if side * level > side * trade.sl:
                    trade.sl = level

        def _waiting(self) -> list[Any]:
            return [order for order in self.orders if order.limit and not order.is_contingent]

        def _expire(self, bar: int) -> None:
            if terms.limit_bars and bar - self.placed >= terms.limit_bars:
                self._cancel()

        def _cancel(self) -> None:
            for order in self._waiting():
                order.cancel()

    return backtesting.Backtest(
        frame,
        Ordered,
        cash=account.capital,
        spread=account.spread,
        commission=fee_of(account),
        exclusive_orders=True,
        trade_on_close=terms.fill == "close",
    ).run()


def statistics_of(stats: Any) -> dict[str, float]:
    """Return the peer's `stats` under our names and in our units."""
    day = pd.Timedelta(days=1)
    found = {name: float(stats[theirs]) for name, theirs in FRACTIONS.items()}
    found |= {name: float(stats[theirs]) / 100 for name, theirs in PERCENTAGES.items()}
    found |= {name: pd.Timedelta(stats[theirs]) / day for name, theirs in DURATIONS.items()}
    found["commissions"] = float(stats.get("Commissions [$]", 0.0))
    assert set(found) == set(Metrics.__dataclass_fields__) - OURS_ALONE
    return found
