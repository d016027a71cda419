"""A backtest in a single pass over all bars: the definition that every chunked run must equal, bit for bit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tickfold.engine.accounting.account import Account
from tickfold.engine.accounting.holdings import Holdings
from tickfold.engine.accounting.ledger import Ledger
from tickfold.engine.accounting.no_trades import NoTrades
from tickfold.engine.accounting.statement import Statement
from tickfold.engine.accounting.trades import Trades
from tickfold.engine.arrays import blocks
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.automaton import Decisions, decide
from tickfold.engine.decisions.chunk import Chunk, Speculation, Stretch, decisions_over, speculate, stretches
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.signal_events import signal_events
from tickfold.engine.performance.measurement import measure
from tickfold.engine.performance.metrics import Metrics
from tickfold.engine.signals import Signals

AT_THE_NEXT_OPEN = Orders()
BLOCK = 262_144
"""Bars of a single pass that are posted at a time."""
Block = tuple[Bars, Decisions]
"""Consecutive bars, and what is decided over them by themselves; bars count from the block's first."""


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


@dataclass(frozen=True, eq=False)
class Folded:
    """The result of a run whose chunks were simulated apart, and how many bars had to be looked at again."""

    outcome: Outcome
    replayed_bars: int


def backtest(bars: Bars, strategy: SignalSource, account: Account, orders: Orders = AT_THE_NEXT_OPEN) -> Outcome:
    """Run `strategy` over `bars` in a single pass."""
    return run(bars, strategy.signals(bars), account, orders, strategy)


def run(
    bars: Bars,
    signals: Signals,
    account: Account,
    orders: Orders = AT_THE_NEXT_OPEN,
    strategy: SignalSource | None = None,
) -> Outcome:
    """Run `signals` over `bars` in a single pass, a block that fits into a processor's cache at a time.

    `strategy` says why there are no trades where that depends on its lookback, or on its use of volume.
    """

    def decided(block: slice) -> Block:
        return bars[block], decide(bars[block], signal_events(signals[block], orders.direction), orders)

    return outcome_of(Ledger(account, orders), bars, map(decided, blocks(len(bars), BLOCK)), strategy)


def simulate(bars: Bars, chunk: Chunk, strategy: SignalSource, orders: Orders = AT_THE_NEXT_OPEN) -> Speculation:
    """Simulate `chunk`; `bars` are its own and, before them, those of its warm-up."""
    warm_up = chunk.warm_up(strategy.lookback)
    return speculate(chunk, bars[warm_up:], strategy.signals(bars)[warm_up:], orders)


def fold(
    speculations: Sequence[Speculation],
    bars: Bars,
    account: Account,
    orders: Orders = AT_THE_NEXT_OPEN,
    strategy: SignalSource | None = None,
    *,
    together: int = BLOCK,
) -> Folded:
    """Fold `speculations`, in order and without gaps, into the outcome of a single pass over `bars`.

    Adjacent ones of at most so many bars `together` are posted as one block. `strategy` as in `run`.

    Raises:
        ValueError: a chunk is missing or out of order.
    """
    _check_order(speculations, len(bars))
    ledger = Ledger(account, orders)

    def found(some: Stretch) -> Block:
        block = bars[some.start : some.stop]
        return block, decisions_over(block, speculations[some.numbers.start : some.numbers.stop], orders)

    chunks = [each.chunk for each in speculations]
    outcome = outcome_of(ledger, bars, map(found, stretches(chunks, range(len(chunks)), together)), strategy)
    return Folded(outcome, ledger.state.replayed_bars)


def outcome_of(ledger: Ledger, bars: Bars, found: Iterable[Block], strategy: SignalSource | None = None) -> Outcome:
    """Post the blocks `found`, which together are `bars`, and return the outcome. `strategy` as in `run`."""
    statement = _statement(ledger, len(bars), found)
    return Outcome(statement, measure(bars, statement), no_trades_of(ledger, strategy))


def no_trades_of(ledger: Ledger, strategy: SignalSource | None) -> NoTrades | None:
    """Return why no position was opened, or None if one was. `strategy` as in `run`."""
    lookback, uses_volume = getattr(strategy, "lookback", 0), getattr(strategy, "uses_volume", False)
    return ledger.no_trades(lookback=lookback, uses_volume=uses_volume)


def _check_order(speculations: Sequence[Speculation], bars: int) -> None:
    expected = 0
    for speculation in speculations:
        if speculation.chunk.start != expected:
            raise ValueError(f"a chunk starts at bar {speculation.chunk.start}; expected bar {expected}")
        expected = speculation.chunk.stop
    if expected != bars:
        raise ValueError(f"the chunks end at bar {expected}; expected bar {bars}")


def _statement(ledger: Ledger, bars: int, found: Iterable[Block]) -> Statement:
    """Post the blocks `found`, which have so many `bars`, and return the statement of the whole."""
    equity, holdings, trades, at = np.empty(bars), [], [], 0
    for some, decisions in found:
        stop = at + len(some)
        posted = ledger.post(some, decisions, last=stop == bars)
        equity[at:stop] = posted.equity
        holdings.append(posted.holdings.later(at))
        trades.append(posted.trades)
        at = stop
    return Statement(
        capital=ledger.account.capital,
        trades=Trades.concatenate(trades),
        open_trade=ledger.open_trade,
        holdings=Holdings.concatenate(holdings),
        equity=equity,
        slippage_cost=ledger.slippage_cost,
        sequential_bars=ledger.state.sequential_bars,
    )
