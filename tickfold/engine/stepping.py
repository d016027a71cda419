"""Stepping: a run that advances bar by bar, and does not know where its range ends.

It is the ledger of a backtest over blocks of one bar, so trades, cash and equity are those of `backtest.run`, bit for
bit. Where a range ends, a backtest does three things that a run which goes on does not do: it does not carry out what
is decided at the last close, with `close_at_end` it closes the position in the last bar, and then it fills no resting
order there. They touch that bar alone. So each step keeps the state before its bar, and `ended` does the last one again
as a backtest's end.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from tickfold.engine.accounting.account import Account
from tickfold.engine.accounting.ledger import Ledger, LedgerState, Postings
from tickfold.engine.accounting.trades import OpenTrade
from tickfold.engine.backtest import SignalSource
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.automaton import Decisions, decide
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.positions import Positions
from tickfold.engine.decisions.signal_events import SignalEvents, signal_events
from tickfold.engine.signals import HOLD, Signals


def _nothing() -> Decisions:
    """Return what is decided over a bar at which the strategy holds."""
    none, prices, sides = np.empty(0, dtype=np.int64), np.empty(0), np.empty(0, dtype=np.int8)
    return Decisions(SignalEvents(none, sides), Positions(none, sides, none, prices, none, prices, sides))


_NOTHING: Final = _nothing()


@dataclass(frozen=True, eq=False)
class SteppedState:
    """All that a stepped run carries from one bar to the next. `tickfold.engine.checkpoint` saves it in about 1 kB.

    Attributes:
        ledger: the account after the last bar.
        before: the account before the last bar; the same as `ledger` while there was none.
        signal: the strategy's at the last bar.
        bars: how many were stepped; a ruined account does not count on.
    """

    ledger: LedgerState
    before: LedgerState
    signal: int = HOLD
    bars: int = 0


class Step:
    """What one bar leaves: its `postings`, whose trades count bars from the run's first, and the account after it."""

    def __init__(self, postings: Postings, ledger: Ledger) -> None:
        self.postings = postings
        self._ledger = ledger

    @property
    def open_trade(self) -> OpenTrade | None:
        """The position that is held at the close."""
        return self._ledger.open_trade

    @property
    def slippage_cost(self) -> float:
        """Dollars by which spread and slippage made fills worse so far, the open trade's entry included."""
        return self._ledger.slippage_cost

    @property
    def ruined(self) -> bool:
        """Whether a close left no equity, which ends trading."""
        return self._ledger.state.ruined

    @property
    def cash(self) -> float:
        """Dollars at the close."""
        return float(self.postings.holdings.cash[-1])

    @property
    def shares(self) -> float:
        """Shares held at the close, negative when short."""
        return float(self.postings.holdings.at_closes(1)[1][-1])

    @property
    def equity(self) -> float:
        """Dollars at the close: cash and the position's value."""
        return float(self.postings.equity[-1])


class SteppedRun:
    """A run of `account` under `orders` after the bars that led to `state`; without one, before its first."""

    def __init__(self, account: Account, orders: Orders, state: SteppedState | None = None) -> None:
        self._account, self._orders = account, orders
        start = Ledger(account, orders).state
        self.state = state or SteppedState(start, start)

    @property
    def bars(self) -> int:
        """How many bars were stepped."""
        return self.state.bars

    def step(self, bar: Bars, signal: int) -> Step:
        """Advance by one `bar`, at whose close the strategy gave `signal`.

        Raises:
            ValueError: not one bar, or a signal other than HOLD, LONG, SHORT and FLAT.
        """
        before = self.state.ledger
        ledger = Ledger(self._account, self._orders, before)
        step = self._posted(ledger, bar, signal, last=False)
        self.state = SteppedState(ledger.state, before, signal, self.bars + 1)
        return step

    def ended(self, bar: Bars) -> Step:
        """Return the step over `bar`, the last that was stepped, as it is in a backtest whose range ends there.

        Raises:
            ValueError: not one bar, or none was stepped.
        """
        if not self.bars:
            raise ValueError("no bar was stepped: a range of no bars has no end")
        return self._posted(Ledger(self._account, self._orders, self.state.before), bar, self.state.signal, last=True)

    @property
    def target(self) -> int:
        """The side that the strategy's last signal targets: 1 long, 0 flat, −1 short."""
        return self.state.ledger.carried.target

    @property
    def is_flat(self) -> bool:
        """Whether no position is held, and no order waits to open one."""
        carried = self.state.ledger.carried
        return carried.position is None and carried.order is None

    def withdraw(self) -> None:
        """Withdraw the order that waits to open a position; the target tries again at the strategy's next signal.

        A backtest does no such thing: a trader does when a person or a limit pauses it.
        """
        ledger = self.state.ledger
        carried = replace(ledger.carried, order=None)
        self.state = replace(self.state, ledger=replace(ledger, carried=carried))

    def _posted(self, ledger: Ledger, bar: Bars, signal: int, *, last: bool) -> Step:
        if len(bar) != 1:
            raise ValueError(f"a step takes one bar, not {len(bar)}")
        return Step(ledger.post(bar, self._decided(bar, signal), last=last), ledger)

    def _decided(self, bar: Bars, signal: int) -> Decisions:
        if signal == HOLD:
            return _NOTHING
        events = signal_events(np.array([signal], dtype=np.int8), self._orders.direction)
        return decide(bar, events, self._orders)


def new_signals(strategy: SignalSource, window: Bars, new: int) -> Signals:
    """Return the signals of the last `new` bars of `window`, shape (new,).

    Before them it has the `lookback` bars of the strategy, or all that the run has seen, if they are fewer.
    """
    return strategy.signals(window)[len(window) - new :]
