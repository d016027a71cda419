"""Folded chunks equal a single pass bit for bit, for any cut, bars, costs and parameters."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from tests.engine.order_terms import OrderTerms
from tests.engine.random_runs import (
    PROPERTY,
    REFUTATION,
    Case,
    assert_as_reference,
    assert_same,
    cases,
    copied,
    random_strategies,
)
from tickfold.engine.accounting.account import Account, Commission
from tickfold.engine.accounting.ledger import Ledger, LedgerState
from tickfold.engine.arrays import NONE
from tickfold.engine.backtest import Block, fold, outcome_of
from tickfold.engine.bars import Bars
from tickfold.engine.checkpoint import decode, encode
from tickfold.engine.decisions.automaton import Decisions, decide
from tickfold.engine.decisions.chunk import Chunk, Speculation, cut, decisions_over
from tickfold.engine.decisions.positions import merge
from tickfold.engine.decisions.signal_events import SignalEvents, signal_events
from tickfold.strategies import BUILT_IN

EVERY_EXIT = OrderTerms(stop_loss=0.04, take_profit=0.08, trailing_stop=0.05, max_bars=30)
TERMS = [OrderTerms(), EVERY_EXIT, OrderTerms(limit=0.01, limit_bars=10, stop_loss=0.05)]


@PROPERTY
@given(cases(random_strategies()))
def test_folded_equals_one_pass(case: Case) -> None:
    folded = case.folded()
    assert_same(case.whole(), folded.outcome)
    assert 0 <= folded.replayed_bars <= len(case.bars)


@PROPERTY
@given(cases(random_strategies()), st.integers(2, 300))
def test_chunks_put_together_equal_one_pass(case: Case, together: int) -> None:
    assert_same(case.whole(), case.folded(together).outcome)


@PROPERTY
@given(cases(random_strategies()))
def test_chunks_put_together_decide_as_one(case: Case) -> None:
    found = decisions_over(case.bars, case.speculations(), case.orders)
    events = signal_events(case.strategy.signals(case.bars), case.orders.direction)
    once = decide(case.bars, events, case.orders).positions
    assert_array_equal(found.events.bar, events.bar)
    filled = once.entry_bar != NONE
    there = {"entry_price": filled, "exit_price": filled & once.known}  # else a price says nothing
    for name in once.columns():
        rows = there.get(name, slice(None))
        assert_array_equal(getattr(found.positions, name)[rows], getattr(once, name)[rows])


def test_chunks_put_together_count_the_bars_that_are_replayed(goog: Bars) -> None:
    strategy = BUILT_IN.create("sma_cross", {"fast": 10, "slow": 30})
    case = Case(goog, strategy, Account(10_000), EVERY_EXIT, cut(len(goog), strategy.lookback, workers=4, chunks=7))
    assert case.folded(1_000).replayed_bars == case.folded(10_000).replayed_bars == case.folded().replayed_bars > 0


@PROPERTY
@given(cases(random_strategies()))
def test_any_blocks_equal_one_pass(case: Case) -> None:
    assert_same(case.whole(), case.posted(case.blocks()))


@PROPERTY
@given(cases(random_strategies()), st.sets(st.integers(0, 50)))
def test_any_checkpoints_equal_one_pass(case: Case, saved: set[int]) -> None:
    def blocks(ledger: Ledger) -> Iterator[Block]:
        for number, block in enumerate(case.blocks()):
            if number in saved:
                ledger.state = decode(LedgerState, encode(ledger.state))
            yield block

    ledger = Ledger(case.account, case.orders)
    assert_same(case.whole(), outcome_of(ledger, case.bars, blocks(ledger), case.strategy))


@PROPERTY
@given(cases(random_strategies()))
def test_blocks_of_one_bar_equal_one_pass(case: Case) -> None:
    single = replace(case, chunks=[Chunk(at, at + 1) for at in range(len(case.bars))])
    assert_same(case.whole(), single.posted(single.blocks()))


@PROPERTY
@given(cases(random_strategies()))
def test_one_pass_equals_the_reference(case: Case) -> None:
    assert_as_reference(case.whole().statement, case)


def naive(speculations: list[Speculation]) -> Decisions:
    """Return the decisions of a fold that trusts every speculation, as if each chunk truly started flat."""
    found = [speculation.decisions for speculation in speculations]
    offsets = np.cumsum([0, *(len(decisions.events) for decisions in found)])
    events = SignalEvents.concatenate([decisions.events for decisions in found])
    positions = [replace(d.positions, event=d.positions.event + at) for d, at in zip(found, offsets, strict=False)]
    return Decisions(events, merge(positions))


def test_exactness_property_refutes_fold_without_replay() -> None:
    @REFUTATION
    @given(cases(random_strategies()))
    def claim(case: Case) -> None:
        decisions = naive(case.speculations())
        positions = decisions.positions
        ended = positions.known[:-1] & (positions.exit_bar[:-1] <= positions.entry_bar[1:])
        assert ended.all()  # else positions overlap, which no ledger can post
        assert_same(case.whole(), case.settle(decisions))

    with pytest.raises(AssertionError):
        claim()


def test_exactness_property_refutes_warm_up_one_bar_short() -> None:
    @REFUTATION
    @given(cases(random_strategies()))
    def claim(case: Case) -> None:
        signals = case.strategy.signals(case.bars)
        for chunk in case.chunks:
            short = max(chunk.warm_up(case.strategy.lookback) - 1, 0)
            own = case.strategy.signals(copied(case.bars[chunk.start - short : chunk.stop]))[short:]
            assert_array_equal(own, signals[chunk.start : chunk.stop])

    with pytest.raises(AssertionError):
        claim()


def assert_folds_the_same(goog: Bars, terms: OrderTerms, chunks: int, fast: int, slow: int) -> None:
    strategy = BUILT_IN.create("sma_cross", {"fast": fast, "slow": slow})
    pieces = cut(len(goog), strategy.lookback, workers=40, chunks=chunks)
    case = Case(goog, strategy, Account(10_000, Commission(0.001)), terms, pieces)
    assert len(pieces) == chunks
    assert_same(case.whole(), case.folded().outcome)


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("chunks", [1, 2, 7, 64])
@pytest.mark.parametrize(("fast", "slow"), [(10, 30), (1, 2), (50, 200)])
def test_real_bars_any_number_of_chunks_folds_the_same(
    goog: Bars, terms: OrderTerms, chunks: int, fast: int, slow: int
) -> None:
    assert_folds_the_same(goog, terms, chunks, fast, slow)


@pytest.mark.parametrize("terms", TERMS)
def test_real_bars_one_bar_a_chunk_folds_the_same(goog: Bars, terms: OrderTerms) -> None:
    """With the averages that cross most often."""
    assert_folds_the_same(goog, terms, 2148, 1, 2)


def test_signals_ties_on_a_price_grid_are_exact() -> None:
    """A million-bar walk on a 0.0001 grid, where a running float sum gives other crosses in other cuts."""
    rng = np.random.default_rng(7)
    close = (1_000_000 + np.cumsum(rng.integers(-2, 3, 300_000))) / 10_000
    bars = Bars(np.arange(300_000) * 60_000_000, close, close, close, close, np.ones(300_000), decimals=4)
    strategy = BUILT_IN.create("sma_cross", {"fast": 10, "slow": 20})
    ticks = np.rint(close * 10_000).astype(np.int64)
    sums = np.concatenate([[0], np.cumsum(ticks)])
    fast, slow = (sums[20:] - sums[10:-10]) * 2, sums[20:] - sums[:-20]
    assert (fast == slow).sum() > 1_000  # the case that floats get wrong is really there
    expected = np.zeros(300_000, dtype=np.int8)
    expected[20:][(fast > slow)[1:] & (fast < slow)[:-1]] = 1
    expected[20:][(fast < slow)[1:] & (fast > slow)[:-1]] = -1
    assert_array_equal(strategy.signals(bars), expected)


def test_fold_missing_chunk_raises(goog: Bars) -> None:
    strategy = BUILT_IN.create("buy_and_hold", {})
    pieces = cut(len(goog), 1, workers=4, chunks=4)
    found = Case(goog, strategy, Account(1_000), OrderTerms(), pieces).speculations()
    with pytest.raises(ValueError, match="expected bar 537"):
        fold([found[0], *found[2:]], goog, Account(1_000))
