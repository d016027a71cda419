"""Stops, targets, trailing stops, time and limit entries against backtesting.py's own orders, on real bars."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from backtesting.test import EURUSD, GOOG

from tests.engine.order_terms import OrderTerms
from tests.peers.peer import bars_of, run_peer_with_orders
from tests.peers.signals import by_pandas
from tests.peers.test_backtesting_py import WHEN_HELD_AT_THE_END, assert_same_metrics, assert_same_trades
from tickfold.engine.accounting.account import Account, Commission
from tickfold.engine.backtest import backtest
from tickfold.strategies import BUILT_IN, Strategy

pytestmark = [
    pytest.mark.filterwarnings("ignore:Some trades remain open:UserWarning"),
    pytest.mark.filterwarnings("ignore:DatetimeIndex.dayofweek is deprecated"),
]

SEPARATE = ("buy_and_hold_return", "alpha", "average_drawdown", "average_drawdown_duration", *WHEN_HELD_AT_THE_END)
"""The benchmark's first bar, dips in the last bit, and what is held at the end have tests in test_backtesting_py."""
OF_CURVES = (
    *("peak_equity", "annual_return", "annual_volatility", "cagr", "sharpe", "sortino", "calmar", "beta"),
    *("max_drawdown", "max_drawdown_duration"),
)
STRATEGIES = [
    BUILT_IN.create("sma_cross", {"fast": 10, "slow": 30}),
    BUILT_IN.create("donchian_breakout", {"window": 20}),  # repeats its signals, so targets go on after a stop
    BUILT_IN.create("rsi_reversion", {"period": 14}),
]


def scaled(terms: dict[str, float], distance: float) -> dict[str, Any]:
    return {name: value if name.endswith("_bars") else value * distance for name, value in terms.items()}


TERMS = [
    {"stop_loss": 1.0},
    {"take_profit": 1.0},
    {"stop_loss": 1.0, "take_profit": 2.5},
    {"trailing_stop": 1.5},
    {"stop_loss": 1.0, "trailing_stop": 1.0, "take_profit": 4.0},
    {"max_bars": 7},
    {"stop_loss": 1.0, "max_bars": 12},
    {"limit": 0.2},
    {"limit": 0.2, "limit_bars": 3},
    {"limit": 0.1, "max_bars": 9},
]
"""Distances in units of the market's."""
CASES = [
    pytest.param(frame, scaled(terms, distance) | {"fill": fill}, id=f"{name}, {fill}, {terms}")
    for (name, frame, distance, fill), terms in product(
        [("GOOG", GOOG, 0.08, "close"), ("EURUSD", EURUSD, 0.004, "open"), ("EURUSD", EURUSD, 0.004, "close")], TERMS
    )
    if "limit" not in terms or fill == "open"
]
COMMISSION = Account(10_000, Commission(0.001), close_at_end=False)


def compare(
    frame: pd.DataFrame, strategy: Strategy, account: Account, terms: OrderTerms, but: tuple[str, ...] = SEPARATE
) -> set[str]:
    """Compare both; return the exit reasons of our trades."""
    outcome = backtest(bars_of(frame), strategy, account, terms.orders)
    stats = run_peer_with_orders(frame, by_pandas(frame, strategy), account, terms)
    assert_same_trades(outcome, stats)
    assert_same_metrics(outcome, stats, but)
    return {trade.exit_reason for trade in outcome.statement.trades}


@pytest.mark.parametrize("strategy", STRATEGIES, ids=repr)
@pytest.mark.parametrize(("frame", "terms"), CASES)
def test_exits_and_limit_entries_match(*, frame: pd.DataFrame, terms: dict[str, Any], strategy: Strategy) -> None:
    order_terms = OrderTerms(**terms)
    reasons = compare(frame, strategy, Account(10_000, close_at_end=False), order_terms)
    assert reasons & {"stop_loss", "take_profit", "trailing_stop", "max_bars"} or order_terms.limit is not None


@pytest.mark.parametrize("strategy", STRATEGIES, ids=repr)
def test_distances_are_from_the_market_price_at_entry(strategy: Strategy) -> None:
    account = Account(10_000, Commission(0.001), spread=0.0005, close_at_end=False)
    assert "stop_loss" in compare(EURUSD, strategy, account, OrderTerms(stop_loss=0.004, take_profit=0.01))


# --- where the peer keeps another rule -------------------------------------------------------------------------------


def test_peer_books_a_fill_at_the_close_one_bar_later() -> None:
    """The trades are the same; what an entry cost is in our equity at the close that filled it, and in its at the next.

    So metrics of the curve part, and those of trades do not.
    """
    strategy, terms = STRATEGIES[0], OrderTerms(fill="close", stop_loss=0.08)
    compare(GOOG, strategy, COMMISSION, terms, (*SEPARATE, *OF_CURVES))
    ours = backtest(bars_of(GOOG), strategy, COMMISSION, terms.orders).statement
    theirs = run_peer_with_orders(GOOG, by_pandas(GOOG, strategy), COMMISSION, terms)["_equity_curve"]["Equity"]
    apart = np.flatnonzero(~np.isclose(ours.equity, theirs, rtol=1e-8))
    filled = np.concatenate([ours.trades.entry_bar, ours.trades.exit_bar])
    assert len(apart)
    assert set(apart) <= set(filled.tolist())


def test_peer_takes_the_stop_where_a_bar_opens_past_the_target() -> None:
    """The open is the first price of a bar, so the target was reached before the low was."""
    days = pd.date_range("2024-01-01", periods=4)
    prices = {"Open": [10, 10, 12, 10], "High": [10, 10, 12, 10], "Low": [10, 10, 8, 10], "Close": [10, 10, 9, 10]}
    frame = pd.DataFrame(prices | {"Volume": 1}, index=days, dtype=float)
    terms = OrderTerms(stop_loss=0.1, take_profit=0.1, fill="close")
    hold, account = BUILT_IN.create("buy_and_hold", {}), Account(1_000.5, close_at_end=False)
    trade = backtest(bars_of(frame), hold, account, terms.orders).statement.trades[0]
    theirs = run_peer_with_orders(frame, by_pandas(frame, hold), account, terms)["_trades"].iloc[0]
    assert (trade.exit_bar, trade.exit_price, trade.exit_reason) == (2, 12, "take_profit")
    assert (theirs["ExitBar"], theirs["ExitPrice"]) == (2, 9)
