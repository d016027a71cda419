"""A backtest in a single pass over all bars: the definition that every chunked run must equal, bit for bit."""

from dataclasses import dataclass
from typing import Protocol

from tickfold.engine.accounting.account import Account
from tickfold.engine.accounting.ledger import settle
from tickfold.engine.accounting.no_trades import NoTrades, why_no_trades
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
    """What the engine needs of a strategy: `tickfold.strategies.strategy.Strategy` is one.

    It may also have `uses_volume`, whether its signals depend on volume.
    """

    @property
    def lookback(self) -> int: ...

    def signals(self, bars: Bars) -> Signals: ...


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result of a run; `no_trades` is None if it opened a position."""

    statement: Statement
    metrics: Metrics
    no_trades: NoTrades | None = None


def backtest(bars: Bars, strategy: SignalSource, account: Account, orders: Orders = AT_THE_NEXT_OPEN) -> Outcome:
    """Run `strategy` over `bars` in a single pass."""
    decisions = decide(bars, signal_events(strategy.signals(bars), orders.direction), orders)
    return conclude(decisions, bars, account, orders, strategy)


def simulate(bars: Bars, chunk: Chunk, strategy: SignalSource, orders: Orders = AT_THE_NEXT_OPEN) -> Speculation:
    """Simulate `chunk`; `bars` are its own and, before them, those of its warm-up."""
    warm_up = chunk.warm_up(strategy.lookback)
    return speculate(chunk, bars[warm_up:], strategy.signals(bars)[warm_up:], orders)


def conclude(
    decisions: Decisions,
    bars: Bars,
    account: Account,
    orders: Orders = AT_THE_NEXT_OPEN,
    strategy: SignalSource | None = None,
) -> Outcome:
    """Settle a run's decisions over all of its `bars`, and measure the result.

    `strategy` says why there are no trades where that depends on its lookback, or on its use of volume.
    """
    statement = settle(decisions, bars, account, orders)
    metrics = measure(bars, statement)
    if len(statement.trades) or statement.open_trade:
        return Outcome(statement, metrics)
    lookback, uses_volume = getattr(strategy, "lookback", 0), getattr(strategy, "uses_volume", False)
    why = why_no_trades(decisions, bars, account, orders, lookback=lookback, uses_volume=uses_volume)
    return Outcome(statement, metrics, why)
