"""The claim for every strategy that there is: folded chunks equal one pass."""

from dataclasses import replace
from typing import Any, ClassVar

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.engine.order_terms import OrderTerms
from tests.engine.random_runs import PROPERTY, REFUTATION, Case, assert_same, cases
from tests.engine.stepped_runs import Replay, assert_steps_to_a_backtest
from tickfold.engine.accounting.account import Account, Commission
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.chunk import cut
from tickfold.engine.signals import Signals
from tickfold.errors import RunError
from tickfold.strategies import BUILT_IN, Strategy

FEW = st.integers(2, 12)
"""Bars in a parameter: few, so that a warm-up is often shorter than the run of 400 bars at most."""
INDEX = st.sampled_from([0.5, 30.0, 50.0, 60.0, 99.5])

VALUES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "buy_and_hold": {},
    "sma_cross": {"fast": st.integers(1, 12), "slow": FEW},
    "ema_cross": {"fast": st.integers(1, 12), "slow": FEW},
    "macd": {"fast": st.integers(1, 12), "slow": FEW, "signal": FEW},
    "donchian_breakout": {"window": st.integers(1, 12)},
    "momentum": {"period": st.integers(1, 12), "threshold": st.sampled_from([0.0, 0.01, 0.5])},
    "rsi_reversion": {"period": FEW, "lower": INDEX, "exit_level": INDEX, "upper": INDEX},
    "bollinger_reversion": {"window": FEW, "deviations": st.floats(0.1, 3)},
    "vwap_reversion": {"band": st.floats(0.001, 0.5), "session_bars": st.integers(1, 12)},
}
ASCENDING = (("fast", "slow"), ("lower", "exit_level", "upper"))
"""Parameters whose values must stand in this order."""


@st.composite
def with_parameters(draw: st.DrawFn, name: str) -> Strategy:
    values = {parameter: draw(value) for parameter, value in VALUES[name].items()}
    for names in ASCENDING:
        if names[0] in values:
            values |= zip(names, sorted(values[each] for each in names), strict=True)
    try:
        return BUILT_IN.create(name, values)
    except RunError:  # two that must differ are the same
        assume(False)
        raise


@pytest.mark.parametrize("name", BUILT_IN.strategies)
def test_folded_equals_one_pass(name: str) -> None:
    @PROPERTY
    @given(cases(with_parameters(name)))
    def claim(case: Case) -> None:
        assert_same(case.whole(), case.folded().outcome)

    claim()


@pytest.mark.parametrize("name", BUILT_IN.strategies)
def test_stepping_equals_a_backtest(name: str) -> None:
    @settings(PROPERTY, max_examples=10)
    @given(cases(with_parameters(name)), st.sets(st.integers(0, 400)))
    def claim(case: Case, saved: set[int]) -> None:
        assert_steps_to_a_backtest(Replay(case, frozenset(saved)), len(case.bars))

    claim()


@pytest.mark.parametrize("chunks", [2, 7, 64])
@pytest.mark.parametrize("name", BUILT_IN.strategies)
def test_real_bars_any_number_of_chunks_folds_the_same(goog: Bars, name: str, chunks: int) -> None:
    strategy = BUILT_IN.create(name, {})
    pieces = cut(len(goog), strategy.lookback, workers=40, chunks=chunks)
    case = Case(goog, strategy, Account(10_000, Commission(0.001)), OrderTerms("long"), pieces)
    assert_same(case.whole(), case.folded().outcome)
    assert case.whole().metrics.trades > 0


@pytest.mark.parametrize(
    "name", sorted(set(BUILT_IN.strategies) - {"ema_cross", "macd", "rsi_reversion", "buy_and_hold"})
)
def test_exactness_property_refutes_lookback_one_bar_short(name: str) -> None:
    """Not so where weights fade out: the last bar of such a window moves nothing that a signal could show."""

    @REFUTATION
    @given(cases(with_parameters(name)))
    def claim(case: Case) -> None:
        short = ShortSighted(of=case.strategy)
        fewer = replace(case, strategy=short)
        assert_same(case.whole(), fewer.folded().outcome)

    with pytest.raises(AssertionError):
        claim()


class ShortSighted(Strategy):
    """A strategy that says it looks back one bar less than it does."""

    name: ClassVar[str] = "short_sighted"

    of: Strategy

    @property
    def lookback(self) -> int:
        return max(self.of.lookback - 1, 0)

    def signals(self, bars: Bars) -> Signals:
        return self.of.signals(bars)
