"""Metrics that the golden run does not reach: an open trade, and bounds of what is defined."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from tests.engine.order_terms import OrderTerms
from tests.engine.random_runs import PROPERTY, Case, cases, random_strategies
from tickfold.engine.accounting.account import Account, Commission, Sizing
from tickfold.engine.arrays import Floats
from tickfold.engine.backtest import backtest
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY, SessionCalendar
from tickfold.engine.performance.benchmark import buy_and_hold
from tickfold.engine.performance.measurement import Measurement, measure
from tickfold.engine.signals import HOLD, LONG
from tickfold.engine.sweep import KnownSignals
from tickfold.strategies import BUILT_IN


def test_turnover_counts_every_fill_and_open_trade(goog: Bars) -> None:
    strategy = BUILT_IN.create("sma_cross", {"fast": 10, "slow": 20})
    outcome = backtest(goog, strategy, Account(10_000, commission=Commission(0.002), close_at_end=False))
    statement = outcome.statement
    assert statement.open_trade is not None
    filled = statement.open_trade.quantity * statement.open_trade.entry_price
    filled += sum(trade.quantity * (trade.entry_price + trade.exit_price) for trade in statement.trades)
    years = (goog.timestamp[-1] - goog.timestamp[0]) / 86_400e6 / 365.25
    assert outcome.metrics.turnover == pytest.approx(filled / statement.equity.mean() / years, rel=1e-12)


def test_cost_paid_is_the_difference_to_a_run_without_costs(goog: Bars) -> None:
    strategy = BUILT_IN.create("sma_cross", {"fast": 10, "slow": 20})
    one_share = Sizing("shares", 1)
    costs = Account(10_000, Commission(0.002, fixed=0.5), spread=0.001, slippage=0.0005, sizing=one_share)
    paid = backtest(goog, strategy, costs).metrics
    free = backtest(goog, strategy, Account(10_000, sizing=one_share)).metrics
    assert paid.trades == free.trades
    assert paid.cost_paid == pytest.approx(free.final_equity - paid.final_equity, rel=1e-9)
    assert paid.cost_paid > paid.commissions > 0
    assert free.cost_paid == 0


def test_turnover_single_bar_or_no_equity_is_nan(goog: Bars) -> None:
    outcome = backtest(goog[:1], BUILT_IN.create("buy_and_hold", {}), Account(10_000))
    assert math.isnan(outcome.metrics.turnover)
    statement = backtest(goog, BUILT_IN.create("buy_and_hold", {}), Account(10_000)).statement
    broke = replace(statement, equity=np.full(len(goog), -1.0))
    assert math.isnan(measure(goog, broke).turnover)


def test_turnover_without_trades_is_zero(goog: Bars) -> None:
    assert (
        backtest(goog[:25], BUILT_IN.create("sma_cross", {"fast": 10, "slow": 30}), Account(10_000)).metrics.turnover
        == 0
    )


@pytest.mark.parametrize("name", BUILT_IN.strategies)
def test_benchmark_is_the_same_whatever_the_strategy(goog: Bars, name: str) -> None:
    metrics = backtest(goog, BUILT_IN.create(name, {}), Account(10_000)).metrics
    assert metrics.buy_and_hold_return == goog.close[-1] / goog.close[0] - 1
    curve = buy_and_hold(goog.close, 10_000)
    assert curve[0] == 10_000
    assert curve[-1] / 10_000 - 1 == pytest.approx(metrics.buy_and_hold_return, rel=1e-12)


@pytest.mark.parametrize(("commission", "spread", "final"), [(0.02, 0.0, 9_803.92), (0.0, 0.02, 9_803.92)])
def test_fees_of_the_first_bar_count(commission: float, spread: float, final: float) -> None:
    day = np.array([18_262, 18_263, 18_264, 18_267]) * MICROSECONDS_PER_DAY
    price = np.full(4, 100.0)
    flat = Bars(day, price, price, price, price, np.zeros(4))
    signals = np.array([LONG, HOLD, HOLD, HOLD], dtype=np.int8)
    account = Account(10_000, Commission(commission), spread=spread, close_at_end=False, fractional_shares=True)
    orders = OrderTerms(fill="close").orders
    metrics = backtest(flat, KnownSignals(0, signals), account, orders).metrics
    assert metrics.final_equity == pytest.approx(final, abs=0.005)
    assert metrics.peak_equity == 10_000
    assert metrics.total_return == metrics.alpha == metrics.max_drawdown == metrics.final_equity / 10_000 - 1
    assert metrics.cagr == pytest.approx((metrics.final_equity / 10_000) ** (365.25 / 5) - 1, rel=1e-12)
    assert metrics.annual_return == pytest.approx((metrics.final_equity / 10_000) ** (252 / 3) - 1, rel=1e-12)


@PROPERTY
@given(cases(random_strategies()))
def test_total_return_is_final_equity_over_capital_less_one(case: Case) -> None:
    metrics = case.whole().metrics
    assert metrics.total_return == metrics.final_equity / case.account.capital - 1
    assert metrics.peak_equity >= case.account.capital
    assert metrics.max_drawdown <= min(metrics.total_return, 0.0) or metrics.final_equity < 0


def drawdowns_bar_by_bar(equity: list[float]) -> tuple[float, list[float]]:
    """The definition: the deepest bar, and the deepest of each stretch of two bars or more from peak to peak."""
    deepest, lowest, stretches, peak, since = 0.0, 0.0, [], -math.inf, 0
    for bar, value in enumerate(equity):
        if value >= peak:
            stretches += [lowest] if bar - since > 1 else []
            peak, since, lowest = value, bar, 0.0
        lowest = min(lowest, value / peak - 1)
        deepest = min(deepest, lowest)
    stretches += [lowest] if len(equity) - 1 - since > 1 else []
    return deepest, stretches


def assert_drawdowns_as_bar_by_bar(equity: Floats) -> None:
    run = Measurement.start(equity[0], SessionCalendar())
    run.curve.update(np.arange(len(equity)) * 60_000_000, equity, np.ones(len(equity)))
    found = run.metrics(None, slippage_cost=0.0)
    deepest, stretches = drawdowns_bar_by_bar(equity.tolist())
    assert found.max_drawdown == deepest
    average = np.mean(stretches) if stretches else math.nan
    assert found.average_drawdown == pytest.approx(average, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("count", [1, 2, 3, 1_023, 1_024, 1_025, 5_000])
@pytest.mark.parametrize("drift", [-1, 0, 1, 4])
def test_drawdowns_match_bar_by_bar_definition(count: int, drift: int) -> None:
    rng = np.random.default_rng(count + drift)
    changes = rng.integers(-3, 4, count) + drift * (rng.random(count) < 0.5)
    assert_drawdowns_as_bar_by_bar(1e5 + np.cumsum(changes))


def test_drawdowns_include_a_loss_at_the_last_bar() -> None:
    assert_drawdowns_as_bar_by_bar(np.array([10.0, 9.0, 9.5, 11.0, 8.0]))
