"""The portfolio against a slow reference: a loop over every timestamp, and pandas for what follows from the curve."""

from dataclasses import replace
from math import isnan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from tests.engine.order_terms import OrderTerms
from tests.engine.random_runs import PROPERTY, random_bars
from tickfold.engine.accounting.account import Account, Commission
from tickfold.engine.arrays import Floats
from tickfold.engine.backtest import backtest
from tickfold.engine.bars import Bars, join
from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.engine.performance.measurement import measure
from tickfold.engine.performance.portfolio import Portfolio, Sleeve, combine
from tickfold.strategies import BUILT_IN

EXACT_TO = 1e-9
"""Sums are taken in another order than pandas takes them."""


@st.composite
def random_sleeves(draw: st.DrawFn) -> list[Sleeve]:
    """Runs of symbols with bars on days of their own: listed late, ended early, with holidays of their own."""
    sleeves = []
    for seed in draw(st.lists(st.integers(0, 10_000), min_size=1, max_size=5)):
        rng = np.random.default_rng(seed)
        count = int(rng.integers(1, 80))
        bars = random_bars(seed, count, grid=10, on_grid=True)
        days = np.sort(rng.choice(120, count, replace=False)) + int(rng.integers(0, 100))
        bars = replace(bars, timestamp=days * MICROSECONDS_PER_DAY)
        fast = int(rng.integers(1, 4))
        strategy = BUILT_IN.create("sma_cross", {"fast": fast, "slow": fast + int(rng.integers(1, 4))})
        account = Account(
            float(rng.choice([100.0, 2_500.0, 1e6])),
            commission=Commission(float(rng.choice([0.0, 0.002]))),
            slippage=float(rng.choice([0.0, 0.001])),
            fractional_shares=bool(rng.integers(2)),
            close_at_end=bool(rng.integers(2)),
        )
        terms = OrderTerms(stop_loss=0.05 if rng.integers(2) else None, max_bars=3 if rng.integers(2) else None)
        outcome = backtest(bars, strategy, account, terms.orders)
        sleeves.append(Sleeve(bars, outcome.statement))
    return sleeves


def summed(sleeves: list[Sleeve], column: str, uninvested: float) -> pd.Series:
    """Add up a column of all sleeves: at each of their days, each as it was last, or in cash before it had a bar."""
    values: list[pd.Series] = []
    for sleeve in sleeves:
        own: Floats
        close = sleeve.bars.close
        if column == "benchmark":
            own = close / close[0] * sleeve.statement.capital
        else:
            own = getattr(sleeve.statement, column)
        values.append(pd.Series(own, index=pd.to_datetime(sleeve.bars.timestamp, unit="us")))
    table = pd.concat(values, axis=1, sort=True).ffill()
    return (
        table.fillna({place: sleeve.statement.capital for place, sleeve in enumerate(sleeves)}).sum(axis=1) + uninvested
    )


def all_trades(sleeves: list[Sleeve]) -> pd.DataFrame:
    """Return the trades of all sleeves."""
    rows = [
        {"pnl": trade.pnl, "trade_return": trade.trade_return}
        for sleeve in sleeves
        for trade in sleeve.statement.trades
    ]
    return pd.DataFrame(rows, columns=["pnl", "trade_return"])


def held(sleeve: Sleeve) -> int:
    """Count the bars in which the sleeve held a position, one by one."""
    statement = sleeve.statement
    spans = [(trade.entry_bar, trade.exit_bar) for trade in statement.trades]
    if statement.open_trade:
        spans.append((statement.open_trade.entry_bar, len(sleeve.bars) - 1))
    return len({bar for first, last in spans for bar in range(first, last + 1)})


@PROPERTY
@given(random_sleeves(), st.sampled_from([0.0, 12.5, 1e5]))
def test_portfolio_is_the_sum_of_its_sleeves(sleeves: list[Sleeve], uninvested: float) -> None:
    found = combine(iter(sleeves), uninvested)
    equity, cash, market = (summed(sleeves, column, uninvested) for column in ("equity", "cash", "benchmark"))
    assert_array_equal(found.timestamp, equity.index.as_unit("us").asi8)
    assert_allclose(found.equity, equity, rtol=EXACT_TO)
    assert_allclose(found.cash, cash, rtol=EXACT_TO, atol=EXACT_TO * market.abs().max())
    assert_allclose(found.benchmark, market, rtol=EXACT_TO)
    assert_curve_metrics(found, equity, market)
    capital = uninvested + sum(sleeve.statement.capital for sleeve in sleeves)
    gains = 0.0
    for sleeve in sleeves:
        close = sleeve.bars.close
        gains += sleeve.statement.capital * (close[-1] / close[0] - 1)
    assert found.metrics.buy_and_hold_return == pytest.approx(gains / capital, rel=EXACT_TO, abs=EXACT_TO)
    bars = sum(len(sleeve.bars) for sleeve in sleeves)
    assert found.metrics.exposure == sum(held(sleeve) for sleeve in sleeves) / bars
    assert found.metrics.commissions == pytest.approx(sum(sleeve.statement.commissions for sleeve in sleeves))
    costs = sum(sleeve.statement.commissions + sleeve.statement.slippage_cost for sleeve in sleeves)
    assert found.metrics.cost_paid == pytest.approx(costs)
    assert_turnover(found, sleeves)
    assert_trade_metrics(found, all_trades(sleeves))


def assert_turnover(found: Portfolio, sleeves: list[Sleeve]) -> None:
    """Compare the turnover with the value of every fill, one by one."""
    filled = 0.0
    for sleeve in sleeves:
        filled += sum(trade.quantity * (trade.entry_price + trade.exit_price) for trade in sleeve.statement.trades)
        if still := sleeve.statement.open_trade:
            filled += still.quantity * still.entry_price
    years = (found.timestamp[-1] - found.timestamp[0]) / MICROSECONDS_PER_DAY / 365.25
    if years and found.equity.mean() > 0:
        assert found.metrics.turnover == pytest.approx(filled / found.equity.mean() / years, rel=EXACT_TO)


def assert_curve_metrics(found: Portfolio, equity: pd.Series, market: pd.Series) -> None:
    metrics = found.metrics
    assert metrics.final_equity == pytest.approx(equity.iloc[-1], rel=EXACT_TO)
    assert metrics.peak_equity == pytest.approx(equity.max(), rel=EXACT_TO)
    assert metrics.total_return == pytest.approx(equity.iloc[-1] / equity.iloc[0] - 1, rel=EXACT_TO, abs=EXACT_TO)
    assert metrics.max_drawdown == pytest.approx((equity / equity.cummax() - 1).min(), rel=EXACT_TO, abs=EXACT_TO)
    if len(equity) > 2 and equity.min() > 0:
        ours, theirs = np.log(equity).diff().iloc[1:], np.log(market).diff().iloc[1:]
        if theirs.var() > EXACT_TO:
            # A slope of what hardly moves carries the rounding of the logarithms.
            expected = ours.cov(theirs) / theirs.var()
            assert metrics.beta == pytest.approx(expected, rel=1e-6, abs=1e-6)
            assert metrics.alpha == metrics.total_return - metrics.beta * metrics.buy_and_hold_return


def assert_trade_metrics(found: Portfolio, trades: pd.DataFrame) -> None:
    metrics = found.metrics
    assert metrics.trades == len(trades)
    if trades.empty:
        assert isnan(metrics.win_rate)
        return
    assert metrics.win_rate == (trades["pnl"] > 0).mean()
    assert metrics.best_trade == trades["trade_return"].max()
    assert metrics.worst_trade == trades["trade_return"].min()
    assert metrics.expectancy == pytest.approx(trades["trade_return"].mean(), rel=EXACT_TO, abs=EXACT_TO)


@PROPERTY
@given(random_sleeves())
def test_portfolio_of_one_sleeve_is_its_run(sleeves: list[Sleeve]) -> None:
    (sleeve, *_) = sleeves
    found = combine([sleeve], 0.0)
    assert_array_equal(found.equity, sleeve.statement.equity)
    assert_array_equal(found.cash, sleeve.statement.cash)
    alone = measure(sleeve.bars, sleeve.statement).as_dict()
    for name, value in found.metrics.as_dict().items():
        # The market is held in dollars here, and in shares there: what follows from it differs in the last bits.
        tolerance = EXACT_TO if name in ("buy_and_hold_return", "alpha", "beta") else 0
        assert value == pytest.approx(alone[name], rel=tolerance, abs=tolerance, nan_ok=True), name


def flat(capital: float, days: list[int], closes: list[float]) -> Sleeve:
    """A sleeve that buys one share at its second bar's open and keeps it."""
    price = np.array(closes)
    bars = Bars(np.array(days) * MICROSECONDS_PER_DAY, price, price, price, price, np.ones(len(days)))
    outcome = backtest(join([bars]), BUILT_IN.create("buy_and_hold", {}), Account(capital, close_at_end=False))
    return Sleeve(bars, outcome.statement)


def test_portfolio_sleeve_is_cash_before_its_bars_and_constant_after() -> None:
    early, late = flat(100.0, [1, 2, 3, 4], [10.0, 10.0, 10.0, 20.0]), flat(60.0, [3, 5, 6, 9], [6.0, 6.0, 6.0, 3.0])
    found = combine([early, late], 40.0)
    assert (found.timestamp // MICROSECONDS_PER_DAY).tolist() == [1, 2, 3, 4, 5, 6, 9]
    assert found.equity.tolist() == [200, 200, 200, 300, 300, 300, 270]
    assert found.cash.tolist() == [200, 200, 100, 100, 100, 40, 40]
    # A hundred dollars doubled, sixty halved, forty kept.
    assert found.metrics.buy_and_hold_return == pytest.approx((100 - 30) / 200)


def test_portfolio_without_sleeves_raises() -> None:
    with pytest.raises(ValueError, match="at least one sleeve"):
        combine([], 1_000.0)
