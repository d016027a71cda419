"""The ledger: the cash and shares account. Fills go through it in order, and only here is money counted."""

from dataclasses import dataclass

import numpy as np

from tickfold.engine.automaton import Decisions
from tickfold.engine.bars import Bars, Floats, Ints


@dataclass(frozen=True)
class Account:
    """How the account trades.

    `capital` is the cash at the start in dollars; `commission` a fraction of each fill's value, paid on entry and
    exit; `spread` a fraction of the price, paid on entry: a long entry costs price × (1 + spread), a short entry
    brings price × (1 − spread). Every entry uses all cash. `close_at_end` closes an open trade at the last bar's
    open.
    """

    capital: float
    commission: float = 0.0
    spread: float = 0.0
    fractional_shares: bool = False
    close_at_end: bool = True


@dataclass(frozen=True)
class Trade:
    """A position from its entry to its exit. Bars count from the run's first; prices and `pnl` are in dollars.

    `pnl` is after both commissions; `trade_return` is `pnl` over the value at entry.
    """

    side: int
    quantity: float
    entry_bar: int
    entry_price: float
    exit_bar: int
    exit_price: float
    commission: float
    closed_at_end: bool = False

    @property
    def pnl(self) -> float:
        return self.side * self.quantity * (self.exit_price - self.entry_price) - self.commission

    @property
    def trade_return(self) -> float:
        return self.pnl / (self.quantity * self.entry_price)


@dataclass(frozen=True)
class OpenTrade:
    """A position that is still held; `commission` is what its entry cost."""

    side: int
    quantity: float
    entry_bar: int
    entry_price: float
    commission: float


@dataclass(frozen=True, eq=False)
class Statement:
    """What the account did: closed trades, the open one if any, and at each bar's close cash, shares and equity."""

    trades: list[Trade]
    open_trade: OpenTrade | None
    cash: Floats
    shares: Floats
    equity: Floats
    commissions: float


class Ledger:
    """Cash, and at most one open position, all of whose entries use all cash."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.cash = account.capital
        self.held: OpenTrade | None = None
        self.trades: list[Trade] = []
        self.commissions = 0.0

    @property
    def shares(self) -> float:
        """Shares held, negative when short."""
        return self.held.side * self.held.quantity if self.held else 0.0

    def enter(self, side: int, bar: int, price: float) -> None:
        """Open a position on `side` with all cash at `price`; nothing is opened where the cash buys nothing."""
        paid = price * (1 + side * self._account.spread)
        quantity = self._affordable(paid)
        if quantity <= 0:
            return
        commission = self._account.commission * quantity * paid
        self.cash -= side * quantity * paid + commission
        self.commissions += commission
        self.held = OpenTrade(side, quantity, bar, paid, commission)

    def exit(self, bar: int, price: float, *, at_end: bool = False) -> None:
        """Close the open position, if there is one, at `price`."""
        held = self.held
        if held is None:
            return
        commission = self._account.commission * held.quantity * price
        self.cash += held.side * held.quantity * price - commission
        self.commissions += commission
        self.trades.append(
            Trade(
                held.side,
                held.quantity,
                held.entry_bar,
                held.entry_price,
                bar,
                price,
                held.commission + commission,
                at_end,
            )
        )
        self.held = None

    def _affordable(self, price: float) -> float:
        cost = price * (1 + self._account.commission)
        if self.cash <= 0 or cost <= 0:
            return 0.0
        return self.cash / cost if self._account.fractional_shares else float(self.cash // cost)


def settle(decisions: Decisions, bars: Bars, account: Account) -> Statement:
    """Fill each decision at the next bar's open and return what the account did.

    A decision at the last bar is never filled. When a bar's close leaves no equity, the account is ruined: the
    position is closed at that close and nothing is traded after it.
    """
    statement = _settle(decisions, bars, account, ruined_at=None)
    ruined = np.flatnonzero(statement.equity <= 0)
    if len(ruined):
        statement = _settle(decisions, bars, account, ruined_at=int(ruined[0]))
    return statement


def _settle(decisions: Decisions, bars: Bars, account: Account, ruined_at: int | None) -> Statement:
    last = len(bars) - 1
    final = last if ruined_at is None else ruined_at
    filled = int(np.searchsorted(decisions.bar, final))  # decided before `final`, so filled by then
    at = decisions.bar[:filled] + 1
    ledger = Ledger(account)
    entries = [(0, account.capital, 0.0)]
    for bar, price, side in zip(at.tolist(), bars.open[at].tolist(), decisions.side[:filled].tolist(), strict=True):
        ledger.exit(bar, price)
        if side:
            ledger.enter(side, bar, price)
        entries.append((bar, ledger.cash, ledger.shares))
    if ruined_at is not None:
        ledger.exit(ruined_at, float(bars.close[ruined_at]))
        entries.append((ruined_at, ledger.cash, 0.0))
    elif account.close_at_end:
        ledger.exit(last, float(bars.open[last]), at_end=True)
        entries.append((last, ledger.cash, ledger.shares))
    return _statement(ledger, entries, bars.close)


def _statement(ledger: Ledger, entries: list[tuple[int, float, float]], close: Floats) -> Statement:
    """Spread the ledger's entries (bar, cash, shares) over the bars, and value them at each close."""
    bar, cash, shares = (np.array(column) for column in zip(*entries, strict=True))
    current: Ints = np.searchsorted(bar, np.arange(len(close)), side="right") - 1
    cash, shares = cash[current], shares[current]
    return Statement(ledger.trades, ledger.held, cash, shares, cash + shares * close, ledger.commissions)
