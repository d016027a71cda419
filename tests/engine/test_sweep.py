"""A sweep's every run is the run that its parameters alone would give, for any cut."""

from dataclasses import replace
from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from tests.engine.random_runs import PROPERTY, REFUTATION, Case, assert_same, cases, copied
from tickfold.engine.accounting.account import Account
from tickfold.engine.backtest import Outcome, backtest, fold
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.chunk import Speculation
from tickfold.engine.performance.metrics import Metrics
from tickfold.engine.sweep import KnownSignals, rank, simulate_all, sweep
from tickfold.strategies import BUILT_IN, Strategy
from tickfold.strategies.builtin.sma_cross import SmaCross


@st.composite
def averages(draw: st.DrawFn) -> Strategy:
    fast = draw(st.integers(1, 8))
    return BUILT_IN.create("sma_cross", {"fast": fast, "slow": fast + draw(st.integers(1, 20))})


SETS = st.lists(averages(), min_size=1, max_size=5)
FEWER = settings(PROPERTY, max_examples=30)
"""An example has a run for each set, of which there are three on average."""


def simulated(case: Case, sets: list[Strategy], warm_up: int) -> list[list[Speculation]]:
    """Return what workers find with each of `sets`, by chunk, when they read `warm_up` bars before it."""
    found = []
    for chunk in case.chunks:
        before = chunk.warm_up(warm_up)
        bars = copied(case.bars[chunk.start - before : chunk.stop])
        signals = type(sets[0]).signals_of_all(sets, bars)
        found.append(simulate_all(bars, chunk, before, signals, case.orders))
    return found


def alone(case: Case, strategy: Strategy) -> Outcome:
    return backtest(case.bars, strategy, case.account, case.orders)


def all_equal_the_runs_alone(case: Case, sets: list[Strategy], warm_up: int) -> None:
    found = simulated(case, sets, warm_up)
    for number, strategy in enumerate(sets):
        speculations = [chunk[number] for chunk in found]
        outcome = fold(speculations, case.bars, case.account, case.orders, strategy).outcome
        assert_same(alone(case, strategy), outcome)


@FEWER
@given(cases(averages()), SETS)
def test_sweep_each_set_folds_to_its_own_run(case: Case, sets: list[Strategy]) -> None:
    all_equal_the_runs_alone(case, sets, max(strategy.lookback for strategy in sets))


def test_sweep_property_refutes_warm_up_of_shortest_lookback() -> None:
    @REFUTATION
    @given(cases(averages()), SETS)
    def claim(case: Case, sets: list[Strategy]) -> None:
        all_equal_the_runs_alone(case, sets, min(strategy.lookback for strategy in sets))

    with pytest.raises(AssertionError):
        claim()


@FEWER
@given(cases(averages()), SETS)
def test_sweep_in_one_pass_each_set_equals_its_own_run(case: Case, sets: list[Strategy]) -> None:
    shared = SmaCross.signals_of_all([set_ for set_ in sets if isinstance(set_, SmaCross)], case.bars)
    known = [KnownSignals(strategy.lookback, signals) for strategy, signals in zip(sets, shared, strict=True)]
    for strategy, outcome in zip(sets, sweep(case.bars, known, case.account, case.orders), strict=True):
        assert_same(alone(case, strategy), outcome)


@PROPERTY
@given(cases(averages()))
def test_signals_of_events_equal_the_strategys(case: Case) -> None:
    chunks = ((each.chunk, each.decisions_from(each.chunk.start)) for each in case.speculations())
    found = [decisions.events.signals(chunk.stop - chunk.start) for chunk, decisions in chunks]
    signals = np.concatenate(found)
    known = KnownSignals(case.strategy.lookback, signals)
    assert_same(case.whole(), backtest(case.bars, known, case.account, case.orders))


def test_signals_of_all_more_sets_than_cached_sums(goog: Bars) -> None:
    sets = [SmaCross(fast=fast, slow=slow) for fast in (2, 40, 41) for slow in range(50, 110)]
    for strategy, signals in zip(sets, SmaCross.signals_of_all(sets, goog), strict=True):
        assert_array_equal(signals, strategy.signals(goog))


def test_known_signals_other_number_of_bars_raises(goog: Bars) -> None:
    with pytest.raises(ValueError, match="3 signals for 2148 bars"):
        KnownSignals(1, np.zeros(3, dtype=np.int8)).signals(goog)


@pytest.fixture
def some(goog: Bars) -> Metrics:
    return backtest(goog, BUILT_IN.create("buy_and_hold", {}), Account(10_000)).metrics


@pytest.mark.parametrize(
    ("by", "order"),
    [("sharpe", [1, 3, 0, 4, 2, 5]), ("max_drawdown", [1, 3, 0, 4, 2, 5]), ("commissions", [2, 0, 4, 1, 3, 5])],
)
def test_rank_best_first_ties_in_order_nan_last(some: Metrics, by: str, order: list[int]) -> None:
    values = [1.0, 2.0, -1.0, 2.0, 1.0, nan]
    assert rank([replace(some, **{by: value}) for value in values], by) == order
