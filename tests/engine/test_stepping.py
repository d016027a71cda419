"""Stepping bar by bar equals a backtest, bit for bit, also from saved states and with bars in any batches."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.order_terms import OrderTerms
from tests.engine.random_runs import PROPERTY, REFUTATION, Case, cases, random_strategies
from tests.engine.stepped_runs import Replay, assert_steps_to_a_backtest
from tickfold.engine.accounting.account import Account, Sizing
from tickfold.engine.bars import Bars
from tickfold.engine.checkpoint import decode, encode
from tickfold.engine.decisions.terms import Fill
from tickfold.engine.signals import HOLD, LONG
from tickfold.engine.stepping import SteppedRun, SteppedState
from tickfold.strategies import BUILT_IN

STEPPED = settings(PROPERTY, max_examples=30)
"""A bar takes a step some hundred times as long as a pass over many."""


@STEPPED
@given(cases(random_strategies()), st.sets(st.integers(0, 400)), st.data())
def test_stepping_from_any_saved_states_equals_a_backtest_that_ends_at_any_bar(
    case: Case, saved: set[int], data: st.DataObject
) -> None:
    bars = data.draw(st.integers(1, len(case.bars)))
    assert_steps_to_a_backtest(Replay(case, frozenset(saved)), bars)


@pytest.mark.parametrize("fill", ["open", "close"])
def test_step_at_the_last_bar_carries_out_what_a_range_that_ends_there_does_not(goog: Bars, fill: Fill) -> None:
    """Stepped over the bar of the first cross: only a fill at that close differs, and only on that bar."""
    terms, strategy = OrderTerms(fill=fill), BUILT_IN.create("sma_cross", {"fast": 10, "slow": 30})
    signals = strategy.signals(goog)
    cross = int(np.flatnonzero(signals != HOLD)[0])
    run = SteppedRun(Account(10_000), terms.orders)
    *_, step = [run.step(goog[at : at + 1], int(signals[at])) for at in range(cross + 1)]
    assert (step.shares != 0) == (fill == "close")
    assert run.ended(goog[cross : cross + 1]).shares == 0


def test_state_of_a_stepped_run_is_small(goog: Bars) -> None:
    run = SteppedRun(Account(10_000, sizing=Sizing("volatility", 0.2, 20)), OrderTerms(stop_loss=0.9).orders)
    for at in range(60):
        run.step(goog[at : at + 1], LONG)
    assert run.state.ledger.carried.position
    assert len(encode(run.state)) < 2_500


def test_step_of_several_bars_is_refused(goog: Bars) -> None:
    with pytest.raises(ValueError, match="one bar, not 2"):
        SteppedRun(Account(10_000), OrderTerms().orders).step(goog[:2], HOLD)


def test_step_with_no_signal_at_all_is_refused(goog: Bars) -> None:
    with pytest.raises(ValueError, match="HOLD, LONG, SHORT or FLAT"):
        SteppedRun(Account(10_000), OrderTerms().orders).step(goog[:1], 5)


def test_end_of_a_range_of_no_bars_is_refused(goog: Bars) -> None:
    with pytest.raises(ValueError, match="no bar was stepped"):
        SteppedRun(Account(10_000), OrderTerms().orders).ended(goog[:1])


def test_property_refutes_a_state_that_forgets_its_order() -> None:
    """The property finds a fault in the carried state: a working order that is lost when it is read back."""

    @settings(REFUTATION, max_examples=500)
    @given(cases(random_strategies()))
    def claim(case: Case) -> None:
        replay = Replay(case, frozenset({len(case.bars) // 2}))
        replay.read_back = without_order
        assert_steps_to_a_backtest(replay, len(case.bars))

    with pytest.raises(AssertionError):
        claim()


def without_order(data: bytes) -> SteppedState:
    state = decode(SteppedState, data)
    return replace(state, ledger=replace(state.ledger, carried=replace(state.ledger.carried, order=None)))
