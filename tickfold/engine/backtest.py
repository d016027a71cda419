"""A backtest in a single pass over all bars: the definition that every chunked run must equal, bit for bit."""

from dataclasses import dataclass
from typing import Protocol

from tickfold.engine.accounting.account import Account
from tickfold.engine.accounting.ledger import settle
from tickfold.engine.accounting.statement import Statement
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.automaton import Decisions, decide
from tickfold.engine.decisions.chunk import Chunk, Speculation, speculate
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.signal_events import signal_events
from tickfold.engine.performance.metrics import Metrics, measure
from tickfold.engine.signals import Signals

AT_THE_NEXT_OPEN = Orders()


class SignalSource(Protocol):
    """What the engine needs of a strategy: `tickfold.strategies.strategy.Strategy` is one."""

    @property
    def lookback(self) -> int: ...

    def signals(self, bars: Bars) -> Signals: ...


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result of a run."""

    statement: Statement
    metrics: Metrics


def backtest(bars: Bars, strategy: SignalSource, account: Account, orders: Orders = AT_THE_NEXT_OPEN) -> Outcome:
    """Run `strategy` over `bars` in a single pass."""
    decisions = decide(bars, signal_events(strategy.signals(bars), orders.direction), orders)
    return conclude(decisions, bars, account, orders)


def simulate(bars: Bars, chunk: Chunk, strategy: SignalSource, orders: Orders = AT_THE_NEXT_OPEN) -> Speculation:
    """Simulate `chunk`; `bars` are its own and, before them, those of its warm-up."""
    warm_up = chunk.warm_up(strategy.lookback)
    return speculate(chunk, bars[warm_up:], strategy.signals(bars)[warm_up:], orders)


def conclude(decisions: Decisions, bars: Bars, account: Account, orders: Orders = AT_THE_NEXT_OPEN) -> Outcome:
    """Settle a run's decisions over all of its `bars`, and measure the result."""
    statement = settle(decisions, bars, account, orders)
    return Outcome(statement, measure(bars, statement))
