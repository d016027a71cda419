"""Metrics that the golden run does not reach: an open trade, and bounds of what is defined."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tickfold.engine.account import Account, Commission, Sizing
from tickfold.engine.backtest import backtest
from tickfold.engine.bars import Bars
from tickfold.engine.benchmark import buy_and_hold
from tickfold.engine.metrics import measure
from tickfold.strategies import create


def test_turnover_counts_every_fill_and_an_open_trades_entry(goog: Bars) -> None:
    strategy = create("sma_cross", {"fast": 10, "slow": 20})
    outcome = backtest(goog, strategy, Account(10_000, commission=Commission(0.002), close_at_end=False))
    statement = outcome.statement
    assert statement.open_trade is not None
    filled = statement.open_trade.quantity * statement.open_trade.entry_price
    filled += sum(trade.quantity * (trade.entry_price + trade.exit_price) for trade in statement.trades)
    years = (goog.timestamp[-1] - goog.timestamp[0]) / 86_400e6 / 365.25
    assert outcome.metrics.turnover == pytest.approx(filled / statement.equity.mean() / years, rel=1e-12)


def test_cost_paid_is_what_the_account_would_have_had_at_market_prices(goog: Bars) -> None:
    strategy = create("sma_cross", {"fast": 10, "slow": 20})
    one_share = Sizing("shares", 1)
    costs = Account(10_000, Commission(0.002, fixed=0.5), spread=0.001, slippage=0.0005, sizing=one_share)
    paid = backtest(goog, strategy, costs).metrics
    free = backtest(goog, strategy, Account(10_000, sizing=one_share)).metrics
    assert paid.trades == free.trades
    assert paid.cost_paid == pytest.approx(free.final_equity - paid.final_equity, rel=1e-9)
    assert paid.cost_paid > paid.commissions > 0
    assert free.cost_paid == 0


def test_turnover_of_a_single_bar_or_of_nothing_is_undefined(goog: Bars) -> None:
    outcome = backtest(goog[:1], create("buy_and_hold", {}), Account(10_000))
    assert math.isnan(outcome.metrics.turnover)
    statement = backtest(goog, create("buy_and_hold", {}), Account(10_000)).statement
    broke = replace(statement, equity=np.full(len(goog), -1.0))
    assert math.isnan(measure(goog, broke, 0).turnover)


def test_turnover_without_trades_is_zero(goog: Bars) -> None:
    assert backtest(goog[:25], create("sma_cross", {"fast": 10, "slow": 30}), Account(10_000)).metrics.turnover == 0


@pytest.mark.parametrize(("lookback", "bought"), [(0, 0), (1, 0), (30, 29), (5_000, 2_147)])
def test_the_benchmark_is_bought_at_the_close_that_ends_the_warm_up(goog: Bars, lookback: int, bought: int) -> None:
    curve = buy_and_hold(goog.close, 10_000, lookback)
    assert np.isnan(curve[:bought]).all()
    assert curve[bought] == 10_000
    outcome = backtest(goog, create("buy_and_hold", {}), Account(10_000))
    metrics = measure(goog, outcome.statement, lookback)
    assert curve[-1] / 10_000 - 1 == pytest.approx(metrics.buy_and_hold_return, rel=1e-12)
