"""Random runs, and the assertions that two runs are equal."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from tests.engine.order_terms import OrderTerms
from tests.engine.reference import Reference
from tickfold.engine.accounting.account import Account, Commission, Sizing
from tickfold.engine.accounting.ledger import Ledger
from tickfold.engine.accounting.statement import Statement
from tickfold.engine.backtest import Block, Folded, Outcome, backtest, fold, outcome_of, simulate
from tickfold.engine.bars import Bars, decimals_of, join
from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.engine.decisions.automaton import Decisions, decide
from tickfold.engine.decisions.chunk import Chunk, Speculation
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.signal_events import signal_events
from tickfold.engine.signals import FLAT, HOLD, LONG, SHORT, Signals
from tickfold.strategies import BUILT_IN, Strategy

_TIMES = 1_400
PROPERTY = settings(deadline=None, report_multiple_bugs=False, suppress_health_check=[HealthCheck.too_slow])
"""As many examples as the profile says. The claim of claim.py, with more of them, is tested in each run too."""

REFUTATION = settings(PROPERTY, max_examples=5_000, phases=[Phase.generate])
"""For properties that must fail: one counterexample ends them, however large."""


@dataclass(frozen=True)
class Case:
    """A run, and its cut into chunks."""

    bars: Bars
    strategy: Strategy
    account: Account
    terms: OrderTerms
    chunks: list[Chunk]

    @property
    def orders(self) -> Orders:
        return self.terms.orders

    def speculations(self) -> list[Speculation]:
        found = []
        for chunk in self.chunks:
            first = chunk.start - chunk.warm_up(self.strategy.lookback)
            own = copied(self.bars[first : chunk.stop])
            found.append(simulate(own, chunk, self.strategy, self.orders))
        return found

    def whole(self) -> Outcome:
        return backtest(self.bars, self.strategy, self.account, self.orders)

    def folded(self, together: int = 0) -> Folded:
        """Fold the chunks, adjacent ones of at most so many bars `together` as one block."""
        return fold(self.speculations(), self.bars, self.account, self.orders, self.strategy, together=together)

    def settle(self, decisions: Decisions) -> Outcome:
        """Return the outcome of decisions over the whole run, however they were made."""
        return self.posted([(self.bars, decisions)])

    def blocks(self) -> Iterator[Block]:
        """Yield the chunks as blocks of a single pass."""
        signals = self.strategy.signals(self.bars)
        for chunk in self.chunks:
            bars = copied(self.bars[chunk.start : chunk.stop])
            events = signal_events(signals[chunk.start : chunk.stop], self.orders.direction)
            yield bars, decide(bars, events, self.orders)

    def posted(self, blocks: Iterable[Block]) -> Outcome:
        return outcome_of(Ledger(self.account, self.orders), self.bars, blocks, self.strategy)


def copied(bars: Bars) -> Bars:
    """Return a copy of `bars` in memory of its own, as a worker has it."""
    return join([bars], bars.decimals)


def random_bars(seed: int, count: int, grid: int, on_grid: bool) -> Bars:
    """A random walk with gaps and wicks; in a third of the seeds with stretches of constant prices. Volumes may be 0.

    On a coarse grid averages tie often and prices meet stops and limits exactly; off the grid no sum is exact.
    """
    rng = np.random.default_rng(seed)
    path = np.abs(np.cumsum(rng.integers(-3, 4, count * 2))).reshape(count, 2) % 60 + 4
    wicks = rng.integers(0, 4, (count, 2)) * (rng.random((count, 1)) < 0.7)
    prices = np.column_stack([path, path.max(axis=1) + wicks[:, 0], path.min(axis=1) - wicks[:, 1]]).astype(np.float64)
    prices = prices / grid if on_grid else prices * (1 + rng.random((count, 1)) * 1e-3) / 7
    if seed % 3 == 0:
        last_change = np.maximum.accumulate(np.where(rng.random(count) < 0.1, np.arange(count), 0))
        prices = prices[last_change, :1].repeat(4, axis=1)
    open_, close, high, low = prices.T
    step = (MICROSECONDS_PER_DAY, 3 * 3_600_000_000, 60_000_000)[seed // 3 % 3]
    volume = rng.integers(0, 4, count).astype(np.float64)
    decimals = decimals_of(prices.ravel()) if on_grid else None
    return Bars(np.arange(count) * step, open_, high, low, close, volume, decimals=decimals)


@st.composite
def random_series(draw: st.DrawFn) -> Bars:
    seed, count = draw(st.integers(0, 10_000)), draw(st.integers(1, 400))
    return random_bars(seed, count, draw(st.sampled_from([1, 2, 10, 8])), draw(st.booleans()))


def maybe(*values: float) -> st.SearchStrategy[float | None]:
    return st.one_of(st.none(), st.sampled_from(values))


@st.composite
def random_terms(draw: st.DrawFn) -> OrderTerms:
    limit = draw(maybe(0.0, 0.02, 0.1))
    return OrderTerms(
        direction=draw(st.sampled_from(["both", "long", "short"])),
        fill=draw(st.sampled_from(["open", "close"])),
        limit=limit,
        limit_bars=draw(st.one_of(st.none(), st.integers(1, 20))) if limit is not None else None,
        stop_loss=draw(maybe(0.02, 0.1, 0.5)),
        take_profit=draw(maybe(0.02, 0.1, 0.5)),
        trailing_stop=draw(maybe(0.1, 0.6)),
        max_bars=draw(st.one_of(st.none(), st.integers(1, 30))),
    )


@st.composite
def random_accounts(draw: st.DrawFn) -> Account:
    relative = draw(st.sampled_from([0.0, 0.002, 0.05]))
    other = draw(st.sampled_from([(0.0, 0.0, 0.0), (0.01, 0.0, 1.0), (0.0, 0.5, 0.0), (0.005, 0.1, 3.0)]))
    sizing = draw(
        st.sampled_from(
            [Sizing(), Sizing("fraction", 0.3), Sizing("cash", 500), Sizing("shares", 7), Sizing("volatility", 0.5, 10)]
        )
    )
    return Account(
        capital=draw(st.sampled_from([0.5, 15.0, 100.0, 10_000.0, 1e9])),
        commission=Commission(relative, *other),
        spread=draw(st.sampled_from([0.0, 0.001, 0.03])),
        slippage=draw(st.sampled_from([0.0, 0.0005, 0.02])),
        sizing=sizing,
        fractional_shares=draw(st.booleans()),
        close_at_end=draw(st.booleans()),
    )


@st.composite
def cases(draw: st.DrawFn, strategies: st.SearchStrategy[Strategy]) -> Case:
    bars, strategy = draw(random_series()), draw(strategies)
    count = len(bars)
    step = draw(st.sampled_from([None, None, None, 4, 15, 60]))
    inner = set(range(step, count, step)) if step else draw(st.sets(st.integers(1, max(count - 1, 1)))) - {count}
    chunks = [Chunk(a, b) for a, b in pairwise([0, *sorted(inner), count])]
    return Case(bars, strategy, draw(random_accounts()), draw(random_terms()), chunks)


class RandomTargets(Strategy):
    """Random signals, of the same side often enough that targets are long; a signal depends on the bar's time alone."""

    name: ClassVar[str] = "random_targets"

    seed: int = 0
    often: float = 0.5
    change: float = 0.2

    @property
    def lookback(self) -> int:
        return 0

    def signals(self, bars: Bars) -> Signals:
        rng = np.random.default_rng(self.seed)
        changes = np.cumsum(rng.random(_TIMES) < self.change)
        target = rng.choice(np.array([LONG, SHORT, FLAT], dtype=np.int8), _TIMES)[changes]
        target[rng.random(_TIMES) >= self.often] = HOLD
        minute = bars.timestamp // 60_000_000
        by_minute_hour_or_day = [minute, 400 + minute // 180, 1_000 + minute // 1_440]
        return target[np.select([minute < 400, minute < 72_000], by_minute_hour_or_day[:2], by_minute_hour_or_day[2])]


@st.composite
def random_strategies(draw: st.DrawFn) -> Strategy:
    fast = draw(st.integers(1, 12))
    averages = BUILT_IN.create("sma_cross", {"fast": fast, "slow": fast + draw(st.integers(1, 20))})
    targets = RandomTargets(
        seed=draw(st.integers(0, 1_000)),
        often=draw(st.sampled_from([0.05, 0.5, 1.0])),
        change=draw(st.sampled_from([0.005, 0.05, 0.5])),
    )
    return draw(st.sampled_from([averages, targets, BUILT_IN.create("buy_and_hold", {})]))


def assert_same(whole: Outcome, folded: Outcome) -> None:
    assert whole.statement.trades == folded.statement.trades
    assert whole.statement.open_trade == folded.statement.open_trade
    assert whole.no_trades == folded.no_trades
    assert (whole.no_trades is None) == bool(whole.statement.trades or whole.statement.open_trade)
    for curve in ("cash", "shares", "equity"):
        assert_array_equal(getattr(whole.statement, curve), getattr(folded.statement, curve))
    assert whole.statement.sequential_bars == folded.statement.sequential_bars
    np.testing.assert_equal(whole.metrics.as_dict(), folded.metrics.as_dict())  # NaN equals NaN here


def assert_as_reference(statement: Statement, case: Case) -> None:
    """Quantities, prices and equity may differ in their last digits, since sums have another order."""
    reference = Reference(case.bars, case.strategy.signals(case.bars).tolist(), case.account, case.terms).run()
    for name in ("side", "entry_bar", "exit_bar", "exit_reason"):
        assert [getattr(t, name) for t in statement.trades] == [getattr(t, name) for t in reference.trades]
    for name in ("quantity", "entry_price", "exit_price"):
        found = np.array([getattr(t, name) for t in statement.trades])
        assert_allclose(found, np.array([getattr(t, name) for t in reference.trades]), rtol=1e-12)
    assert_allclose(statement.equity, reference.equity, rtol=1e-12, atol=1e-12 * case.account.capital)
    ours, theirs = statement.open_trade, reference.held
    assert (ours and (ours.side, ours.entry_bar)) == (theirs and (theirs.side, theirs.bar))
