"""The claim: folded chunks equal one pass, for any cut, any bars, any costs and parameters."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from tickfold.engine.automaton import Decisions, Direction
from tickfold.engine.backtest import Outcome, backtest, conclude, simulate
from tickfold.engine.bars import MICROSECONDS_PER_DAY, Bars, decimals_of, join
from tickfold.engine.chunk import Chunk, Speculation, cut
from tickfold.engine.fold import fold
from tickfold.engine.ledger import Account
from tickfold.strategies import Strategy, create


@dataclass(frozen=True)
class Case:
    """A run, and the bars at which it is cut."""

    bars: Bars
    strategy: Strategy
    account: Account
    direction: Direction
    chunks: list[Chunk]

    def speculations(self) -> list[Speculation]:
        found = []
        for chunk in self.chunks:
            first = chunk.start - chunk.warm_up(self.strategy.lookback)
            own = _copy(self.bars[first : chunk.stop])
            found.append(simulate(own, chunk, self.strategy, self.direction))
        return found

    def whole(self) -> Outcome:
        return backtest(self.bars, self.strategy, self.account, self.direction)

    def settle(self, decisions: Decisions) -> Outcome:
        return conclude(decisions, self.bars, self.strategy, self.account)


def _copy(bars: Bars) -> Bars:
    """Return `bars` in memory of their own, as a worker has them."""
    return join([bars], bars.decimals)


def _bars(seed: int, count: int, grid: int, on_grid: bool) -> Bars:
    """A random walk. On a coarse grid averages tie often; off any grid no sum is exact."""
    rng = np.random.default_rng(seed)
    path = np.abs(np.cumsum(rng.integers(-3, 4, count * 2))).reshape(count, 2) % 60 + 1
    prices = path / grid if on_grid else path * (1 + rng.random((count, 2)) * 1e-3) / 7
    open_, close = prices.T
    high, low = prices.max(axis=1), prices.min(axis=1)
    step = MICROSECONDS_PER_DAY if seed % 2 else 60_000_000
    decimals = decimals_of(prices.ravel()) if on_grid else None
    return Bars(np.arange(count) * step, open_, high, low, close, np.ones(count), decimals=decimals)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    count = draw(st.integers(1, 400))
    bars = _bars(draw(st.integers(0, 10_000)), count, draw(st.sampled_from([1, 2, 10, 8])), draw(st.booleans()))
    fast = draw(st.integers(1, 12))
    strategy = draw(
        st.sampled_from(
            [
                create("sma_cross", {"fast": fast, "slow": fast + draw(st.integers(1, 20))}),
                create("buy_and_hold", {}),
            ]
        )
    )
    account = Account(
        capital=draw(st.sampled_from([0.5, 100.0, 10_000.0, 1e9])),
        commission=draw(st.sampled_from([0.0, 0.002, 0.05])),
        spread=draw(st.sampled_from([0.0, 0.001, 0.03])),
        fractional_shares=draw(st.booleans()),
        close_at_end=draw(st.booleans()),
    )
    inner = draw(st.sets(st.integers(1, count - 1))) if count > 1 else set()
    edges = [0, *sorted(inner), count]
    chunks = [Chunk(a, b) for a, b in pairwise(edges)]
    return Case(bars, strategy, account, draw(st.sampled_from(["both", "long", "short"])), chunks)


def assert_same(whole: Outcome, folded: Outcome) -> None:
    assert whole.statement.trades == folded.statement.trades
    assert whole.statement.open_trade == folded.statement.open_trade
    assert_array_equal(whole.statement.equity, folded.statement.equity)
    np.testing.assert_equal(whole.metrics.as_dict(), folded.metrics.as_dict())  # NaN equals NaN here


PROPERTY = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@PROPERTY
@given(cases())
def test_folded_equals_one_pass(case: Case) -> None:
    folded = fold(case.speculations())
    assert_same(case.whole(), case.settle(folded.decisions))
    assert 0 <= folded.replayed_bars <= len(case.bars)


def naive(speculations: list[Speculation]) -> Decisions:
    """What a fold that trusts every speculation would answer: each chunk as if it truly began flat."""
    parts = [speculation.decisions for speculation in speculations]
    return Decisions(np.concatenate([part.bar for part in parts]), np.concatenate([part.side for part in parts]))


def test_the_property_refutes_a_fold_that_never_replays() -> None:
    @PROPERTY
    @given(cases())
    def claim(case: Case) -> None:
        assert_same(case.whole(), case.settle(naive(case.speculations())))

    with pytest.raises(AssertionError):
        claim()


def test_the_property_refutes_a_warm_up_that_is_one_bar_short() -> None:
    @PROPERTY
    @given(cases())
    def claim(case: Case) -> None:
        signals = case.strategy.signals(case.bars)
        for chunk in case.chunks:
            short = max(chunk.warm_up(case.strategy.lookback) - 1, 0)
            own = case.strategy.signals(_copy(case.bars[chunk.start - short : chunk.stop]))[short:]
            assert_array_equal(own, signals[chunk.start : chunk.stop])

    with pytest.raises(AssertionError):
        claim()


@pytest.mark.parametrize("chunks", [1, 2, 7, 64, 2148])
@pytest.mark.parametrize(("fast", "slow"), [(10, 30), (1, 2), (50, 200)])
def test_real_bars_fold_the_same_for_any_number_of_chunks(goog: Bars, chunks: int, fast: int, slow: int) -> None:
    strategy = create("sma_cross", {"fast": fast, "slow": slow})
    pieces = cut(len(goog), strategy.lookback, workers=40, chunks=chunks)
    case = Case(goog, strategy, Account(10_000, commission=0.001), "both", pieces)
    assert len(pieces) == chunks
    assert_same(case.whole(), case.settle(fold(case.speculations()).decisions))


def test_ties_on_a_grid_are_found_whatever_the_cut() -> None:
    """A million-bar walk on a 0.0001 grid, where a running float sum gives other crosses in other cuts."""
    rng = np.random.default_rng(7)
    close = (1_000_000 + np.cumsum(rng.integers(-2, 3, 300_000))) / 10_000
    bars = Bars(np.arange(300_000) * 60_000_000, close, close, close, close, np.ones(300_000), decimals=4)
    strategy = create("sma_cross", {"fast": 10, "slow": 20})
    ticks = np.rint(close * 10_000).astype(np.int64)
    sums = np.concatenate([[0], np.cumsum(ticks)])
    fast, slow = (sums[20:] - sums[10:-10]) * 2, sums[20:] - sums[:-20]
    assert (fast == slow).sum() > 1_000  # the case that floats get wrong is really there
    expected = np.zeros(300_000, dtype=np.int8)
    expected[20:][(fast > slow)[1:] & (fast < slow)[:-1]] = 1
    expected[20:][(fast < slow)[1:] & (fast > slow)[:-1]] = -1
    assert_array_equal(strategy.signals(bars), expected)


def test_a_missing_chunk_is_refused(goog: Bars) -> None:
    strategy = create("buy_and_hold", {})
    pieces = cut(len(goog), 1, workers=4, chunks=4)
    found = Case(goog, strategy, Account(1_000), "both", pieces).speculations()
    with pytest.raises(ValueError, match="expected bar 537"):
        fold([found[0], *found[2:]])
