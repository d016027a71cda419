"""Random runs that are stepped bar by bar, and the assertion that one equals a backtest."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.testing import assert_array_equal, assert_equal

from tests.engine.random_runs import Case, copied
from tickfold.engine.accounting.holdings import Holdings
from tickfold.engine.accounting.statement import Statement
from tickfold.engine.accounting.trades import Trades
from tickfold.engine.backtest import backtest
from tickfold.engine.checkpoint import decode, encode
from tickfold.engine.decisions.chunk import Chunk
from tickfold.engine.performance.measurement import measure
from tickfold.engine.signals import Signals
from tickfold.engine.stepping import Step, SteppedRun, SteppedState, new_signals


def read_back(data: bytes) -> SteppedState:
    """Return the state that was saved as `data`."""
    return decode(SteppedState, data)


@dataclass
class Replay:
    """A case that is stepped, with bars that come in its chunks as batches."""

    case: Case
    saved: frozenset[int] = frozenset()
    read_back: Callable[[bytes], SteppedState] = read_back

    def __post_init__(self) -> None:
        self.run = SteppedRun(self.case.account, self.case.orders)

    def steps(self, bars: int) -> Iterator[Step]:
        """Yield the steps over the first `bars`; the state is written and read back before those of `saved`."""
        signals = np.concatenate([self.signals(batch) for batch in self.case.chunks])
        for at in range(bars):
            if at in self.saved:
                state = self.read_back(encode(self.run.state))
                self.run = SteppedRun(self.case.account, self.case.orders, state)
            yield self.run.step(copied(self.case.bars[at : at + 1]), int(signals[at]))

    def signals(self, batch: Chunk) -> Signals:
        first = batch.start - batch.warm_up(self.case.strategy.lookback)
        return new_signals(self.case.strategy, copied(self.case.bars[first : batch.stop]), batch.stop - batch.start)

    def statement(self, bars: int) -> Statement:
        """Return the statement of the first `bars` as a range that ends with them."""
        *steps, last = self.steps(bars)
        ended = self.run.ended(self.case.bars[bars - 1 : bars])
        assert last is not ended
        steps.append(ended)
        return Statement(
            capital=self.case.account.capital,
            trades=Trades.concatenate([step.postings.trades for step in steps]),
            open_trade=ended.open_trade,
            holdings=Holdings.concatenate([step.postings.holdings.later(at) for at, step in enumerate(steps)]),
            equity=np.array([step.equity for step in steps]),
            slippage_cost=ended.slippage_cost,
            sequential_bars=0,
        )


def assert_steps_to_a_backtest(replay: Replay, bars: int) -> None:
    case, found = replay.case, replay.statement(bars)
    whole = backtest(case.bars[:bars], case.strategy, case.account, case.orders)
    assert found.trades == whole.statement.trades
    assert found.open_trade == whole.statement.open_trade
    for curve in ("cash", "shares", "equity"):
        assert_array_equal(getattr(found, curve), getattr(whole.statement, curve))
    assert_equal(measure(case.bars[:bars], found).as_dict(), whole.metrics.as_dict())  # NaN equals NaN here
