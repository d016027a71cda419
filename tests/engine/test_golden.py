"""The engine against figures that backtesting.py 0.6.6 gave on the same bars."""

import pytest

from tickfold.engine.automaton import Direction
from tickfold.engine.backtest import backtest
from tickfold.engine.bars import Bars
from tickfold.engine.ledger import Account
from tickfold.strategies import create

SMA_10_30 = {
    "final_equity": 51422.99,
    "peak_equity": 75787.44,
    "total_return": 4.142299,
    "buy_and_hold_return": 5.220601851851852,
    "annual_return": 0.21191099249053224,
    "annual_volatility": 0.3649716090702389,
    "cagr": 0.21160245705962623,
    "sharpe": 0.5806232244485349,
    "sortino": 1.0853434352488662,
    "calmar": 0.44166409202994605,
    "max_drawdown": -0.4798012705007589,
    "average_drawdown": -0.05925851581948801,
    "max_drawdown_duration": 584,
    "average_drawdown_duration": 41,
    "trades": 66,
}
ROUNDED = {
    "win_rate": 0.4696969697,
    "best_trade": 0.5359595229,
    "worst_trade": -0.1839887354,
    "average_trade": 0.02531715975,
    "profit_factor": 2.167945974,
    "expectancy": 0.03274808,
    "sqn": 1.07661874,
    "kelly": 0.15187051,
    "exposure": 0.9674115456,
    "alpha": 3.943739,
    "commissions": 0,
    "beta": 0.03803391,
}


def test_sma_cross_10_30_has_every_golden_metric(goog: Bars) -> None:
    metrics = backtest(goog, create("sma_cross", {"fast": 10, "slow": 30}), Account(10_000)).metrics.as_dict()
    assert set(metrics) == set(SMA_10_30) | set(ROUNDED)
    for name, value in SMA_10_30.items():
        assert metrics[name] == pytest.approx(value, rel=1e-8), name
    for name, value in ROUNDED.items():
        digits = len(repr(value).partition(".")[2])
        assert round(metrics[name], digits) == value, name


@pytest.mark.parametrize(
    ("account", "direction", "final_equity", "trades"),
    [
        (Account(10_000, commission=0.002, close_at_end=False), "both", 56_263.52, 93),
        (Account(10_000, commission=0.002), "both", 55_574.51, 94),
        (Account(10_000, spread=0.002, close_at_end=False), "both", 68_935.12, 93),
        (Account(10_000, commission=0.002, close_at_end=False), "long", 63_341.19136, 46),
    ],
)
def test_sma_cross_10_20_with_costs(
    goog: Bars, account: Account, direction: Direction, final_equity: float, trades: int
) -> None:
    metrics = backtest(goog, create("sma_cross", {"fast": 10, "slow": 20}), account, direction).metrics
    assert metrics.final_equity == pytest.approx(final_equity, abs=0.005)
    assert metrics.trades == trades


def test_buy_and_hold_closed_at_the_end(goog: Bars) -> None:
    metrics = backtest(goog, create("buy_and_hold", {}), Account(10_000, commission=0.002)).metrics
    assert metrics.final_equity == pytest.approx(71_670.961, abs=0.0005)
    assert metrics.commissions == pytest.approx(163.539, abs=0.0005)
    assert metrics.trades == 1
