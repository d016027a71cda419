"""Random runs, and what it means that two runs of the same thing are the same."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from tickfold.engine.automaton import Decisions, Direction
from tickfold.engine.backtest import Outcome, backtest, conclude, simulate
from tickfold.engine.bars import MICROSECONDS_PER_DAY, Bars, decimals_of, join
from tickfold.engine.chunk import Chunk, Speculation
from tickfold.engine.ledger import Account
from tickfold.strategies import Strategy

PROPERTY = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


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
            own = copied(self.bars[first : chunk.stop])
            found.append(simulate(own, chunk, self.strategy, self.direction))
        return found

    def whole(self) -> Outcome:
        return backtest(self.bars, self.strategy, self.account, self.direction)

    def settle(self, decisions: Decisions) -> Outcome:
        return conclude(decisions, self.bars, self.strategy, self.account)


def copied(bars: Bars) -> Bars:
    """Return `bars` in memory of their own, as a worker has them."""
    return join([bars], bars.decimals)


def random_bars(seed: int, count: int, grid: int, on_grid: bool) -> Bars:
    """A random walk, in a third of them with stretches in which no price changes; volumes may be 0.

    On a coarse grid averages tie often; off any grid no sum is exact.
    """
    rng = np.random.default_rng(seed)
    path = np.abs(np.cumsum(rng.integers(-3, 4, count * 2))).reshape(count, 2) % 60 + 1
    prices = path / grid if on_grid else path * (1 + rng.random((count, 2)) * 1e-3) / 7
    if seed % 3 == 0:
        last_change = np.maximum.accumulate(np.where(rng.random(count) < 0.1, np.arange(count), 0))
        prices = prices[last_change, :1].repeat(2, axis=1)
    open_, close = prices.T
    high, low = prices.max(axis=1), prices.min(axis=1)
    step = (MICROSECONDS_PER_DAY, 3 * 3_600_000_000, 60_000_000)[seed // 3 % 3]
    volume = rng.integers(0, 4, count).astype(np.float64)
    decimals = decimals_of(prices.ravel()) if on_grid else None
    return Bars(np.arange(count) * step, open_, high, low, close, volume, decimals=decimals)


@st.composite
def random_series(draw: st.DrawFn) -> Bars:
    seed, count = draw(st.integers(0, 10_000)), draw(st.integers(1, 400))
    return random_bars(seed, count, draw(st.sampled_from([1, 2, 10, 8])), draw(st.booleans()))


@st.composite
def cases(draw: st.DrawFn, strategies: st.SearchStrategy[Strategy]) -> Case:
    bars, strategy = draw(random_series()), draw(strategies)
    count = len(bars)
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
