"""The walk-forward against a plain loop of single runs on slices of the bars."""

from dataclasses import dataclass, replace
from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from tests.engine.random_runs import PROPERTY, Case, cases
from tests.engine.test_sweep import SETS, averages
from tickfold.engine.accounting.account import Account
from tickfold.engine.accounting.trades import Trade
from tickfold.engine.backtest import Outcome, backtest
from tickfold.engine.bars import Bars
from tickfold.engine.performance.measurement import measure
from tickfold.engine.signals import Signals
from tickfold.engine.walk_forward import Walk, Window, walk_forward, windows
from tickfold.strategies import BUILT_IN, Strategy

RANK_BY = st.sampled_from(["sharpe", "final_equity", "max_drawdown", "commissions"])
FEWER = settings(PROPERTY, max_examples=20)
"""An example has many windows, and in each of them as many runs as there are sets."""
SIZES = st.tuples(st.integers(1, 60), st.integers(1, 40))


@dataclass(frozen=True)
class Warm:
    """A strategy on a slice of `whole` that sees also what is before the slice, and says nothing of what is after."""

    strategy: Strategy
    whole: Bars
    lookback: int = 0

    def signals(self, bars: Bars) -> Signals:
        stop = int(np.searchsorted(self.whole.timestamp, bars.timestamp[-1])) + 1
        return self.strategy.signals(self.whole[:stop])[stop - len(bars) :]


def walked(case: Case, sets: list[Strategy], size: tuple[int, int], rank_by: str) -> Walk:
    signals = [strategy.signals(case.bars) for strategy in sets]
    found = windows(len(case.bars), *size)
    return walk_forward(case.bars, signals, found, case.account, case.orders, rank_by=rank_by)


def fits(case: Case, size: tuple[int, int]) -> bool:
    return len(case.bars) >= sum(size)


@FEWER
@given(cases(averages()), SETS, SIZES, RANK_BY)
def test_walk_forward_equals_a_loop_of_single_runs(
    case: Case, sets: list[Strategy], size: tuple[int, int], rank_by: str
) -> None:
    if not fits(case, size):
        return
    in_sample, out_of_sample = size
    walk = walked(case, sets, size, rank_by)
    capital = case.account.capital
    equity: list[float] = []
    trades: list[Trade] = []

    def run(strategy: Strategy, bars: Bars, cash: float) -> Outcome:
        account = replace(case.account, capital=cash, close_at_end=True)
        return backtest(bars, Warm(strategy, case.bars), account, case.orders)

    at, dated = 0, replace(case.bars, calendar=case.bars.sessions)  # sessions are those of the whole range
    for step in walk.steps:
        past = dated[at : at + in_sample]
        future = dated[at + in_sample : at + in_sample + out_of_sample]
        tried = [run(strategy, past, case.account.capital).metrics for strategy in sets]
        best = 0
        for number, metrics in enumerate(tried):
            ours, theirs = getattr(metrics, rank_by), getattr(tried[best], rank_by)
            if (isnan(theirs) and not isnan(ours)) or (ours < theirs if rank_by == "commissions" else ours > theirs):
                best = number
        outcome = run(sets[best], future, capital)
        assert step.chosen == best
        np.testing.assert_equal(step.in_sample.as_dict(), tried[best].as_dict())
        np.testing.assert_equal(step.out_of_sample.as_dict(), outcome.metrics.as_dict())
        moved = len(equity)
        trades += [
            replace(trade, entry_bar=trade.entry_bar + moved, exit_bar=trade.exit_bar + moved)
            for trade in outcome.statement.trades
        ]
        equity += outcome.statement.equity.tolist()
        capital = equity[-1]
        at += out_of_sample
    assert at + in_sample + out_of_sample > len(case.bars)  # no window is missing
    assert (walk.start, walk.stop) == (in_sample, at + in_sample)
    statement = walk.outcome.statement
    assert statement.equity.tolist() == equity
    assert list(statement.trades) == trades
    assert statement.open_trade is None
    measured = measure(dated[walk.start : walk.stop], statement)
    np.testing.assert_equal(walk.outcome.metrics.as_dict(), measured.as_dict())


@FEWER
@given(cases(averages()), SETS, SIZES, RANK_BY)
def test_walk_forward_ignores_later_bars(case: Case, sets: list[Strategy], size: tuple[int, int], rank_by: str) -> None:
    """Bars after a window, taken away, leave it and all windows before it as they were."""
    if not fits(case, size):
        return
    whole = walked(case, sets, size, rank_by)
    known = len(whole.steps) // 2 + 1
    early = walked(replace(case, bars=case.bars[: whole.steps[known - 1].window.stop]), sets, size, rank_by)
    assert [step.chosen for step in early.steps] == [step.chosen for step in whole.steps[:known]]
    equity = early.outcome.statement.equity
    assert_array_equal(equity, whole.outcome.statement.equity[: len(equity)])


def test_windows_advance_by_their_out_of_sample_bars() -> None:
    assert windows(24, 10, 5) == [Window(0, 10, 15), Window(5, 15, 20)]
    assert windows(25, 10, 5) == [Window(0, 10, 15), Window(5, 15, 20), Window(10, 20, 25)]
    assert windows(14, 10, 5) == []


def test_walk_forward_without_windows_raises(goog: Bars) -> None:
    with pytest.raises(ValueError, match="at least one window"):
        walk_forward(goog, [np.zeros(len(goog), dtype=np.int8)], [], Account(1_000), rank_by="sharpe")


def test_walk_forward_indicators_are_warm_in_every_window(goog: Bars) -> None:
    """Windows of 50 bars, of which a run of their own would lose all to the warm-up of an average of 200."""
    slow = BUILT_IN.create("sma_cross", {"fast": 20, "slow": 200})
    walk = walk_forward(goog, [slow.signals(goog)], windows(len(goog), 50, 50), Account(10_000), rank_by="sharpe")
    assert walk.outcome.metrics.trades > 5
    first: Trade = walk.outcome.statement.trades[0]
    assert first.entry_bar + walk.start > 200
