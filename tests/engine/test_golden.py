"""The engine against figures that backtesting.py 0.6.6 gave on the same bars."""

import pytest

from tests.golden import assert_golden
from tickfold.engine.accounting.account import Account, Commission
from tickfold.engine.backtest import backtest
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.entries import SAME_CLOSE
from tickfold.engine.decisions.orders import Orders
from tickfold.strategies import BUILT_IN


def test_sma_cross_10_30_matches_every_golden_metric(goog: Bars) -> None:
    metrics = backtest(goog, BUILT_IN.create("sma_cross", {"fast": 10, "slow": 30}), Account(10_000)).metrics.as_dict()
    assert_golden(metrics)


@pytest.mark.parametrize(
    ("account", "orders", "final_equity", "trades"),
    [
        (Account(10_000, Commission(0.002), close_at_end=False), Orders(), 56_263.52, 93),
        (Account(10_000, Commission(0.002)), Orders(), 55_574.51, 94),
        (Account(10_000, spread=0.002, close_at_end=False), Orders(), 68_935.12, 93),
        (Account(10_000, Commission(0.002), close_at_end=False), Orders("long"), 63_341.19136, 46),
        (Account(10_000, Commission(0.002), close_at_end=False), Orders(fill=SAME_CLOSE), 49_985.91578, 93),
    ],
)
def test_sma_cross_10_20_with_costs_matches_golden_run(
    goog: Bars, account: Account, orders: Orders, final_equity: float, trades: int
) -> None:
    metrics = backtest(goog, BUILT_IN.create("sma_cross", {"fast": 10, "slow": 20}), account, orders).metrics
    assert metrics.final_equity == pytest.approx(final_equity, abs=0.005)
    assert metrics.trades == trades


def test_buy_and_hold_closed_at_end_matches_golden_run(goog: Bars) -> None:
    metrics = backtest(goog, BUILT_IN.create("buy_and_hold", {}), Account(10_000, Commission(0.002))).metrics
    assert metrics.final_equity == pytest.approx(71_670.961, abs=0.0005)
    assert metrics.commissions == pytest.approx(163.539, abs=0.0005)
    assert metrics.trades == 1
