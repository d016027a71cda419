"""One pass over all bars: the definition that every chunked run must equal."""

from dataclasses import dataclass
from typing import Protocol

from tickfold.engine.automaton import START, Decisions, Direction, asked, decide, targets
from tickfold.engine.bars import Bars
from tickfold.engine.chunk import Chunk, Speculation, speculate
from tickfold.engine.ledger import Account, Statement, settle
from tickfold.engine.metrics import Metrics, measure
from tickfold.engine.signal import Signals


class SignalSource(Protocol):
    """What the engine needs of a strategy."""

    @property
    def lookback(self) -> int: ...

    def signals(self, bars: Bars) -> Signals: ...


@dataclass(frozen=True, eq=False)
class Outcome:
    """A finished run."""

    statement: Statement
    metrics: Metrics


def backtest(bars: Bars, strategy: SignalSource, account: Account, direction: Direction = "both") -> Outcome:
    """Run `strategy` over `bars` in one pass."""
    signals = strategy.signals(bars)
    at = asked(signals)
    return conclude(decide(at, targets(signals[at], direction), START), bars, strategy, account)


def simulate(bars: Bars, chunk: Chunk, strategy: SignalSource, direction: Direction = "both") -> Speculation:
    """Simulate `chunk` given its bars and, before them, the bars of its warm-up."""
    warm_up = chunk.warm_up(strategy.lookback)
    return speculate(chunk, strategy.signals(bars)[warm_up:], direction)


def conclude(decisions: Decisions, bars: Bars, strategy: SignalSource, account: Account) -> Outcome:
    """Turn a run's decisions into money and metrics."""
    statement = settle(decisions, bars, account)
    return Outcome(statement, measure(bars, statement, strategy.lookback))
