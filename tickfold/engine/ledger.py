"""The ledger: the cash and shares account. Fills go through it in order, and only here is money counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt

from tickfold.engine.automaton import Decisions, Sides
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


@dataclass(frozen=True, eq=False)
class Trades(Sequence[Trade]):
    """Closed trades in the order of their exits, as parallel arrays: each is what `Trade` has under that name.

    It reads as a sequence of `Trade` too; a run of a million bars has tens of thousands, so metrics use the arrays.
    """

    side: Sides
    quantity: Floats
    entry_bar: Ints
    entry_price: Floats
    exit_bar: Ints
    exit_price: Floats
    commission: Floats
    closed_at_end: npt.NDArray[np.bool_]

    @property
    def pnl(self) -> Floats:
        return self.side * self.quantity * (self.exit_price - self.entry_price) - self.commission

    @property
    def trade_return(self) -> Floats:
        return self.pnl / (self.quantity * self.entry_price)

    def __len__(self) -> int:
        return len(self.side)

    @overload
    def __getitem__(self, at: int) -> Trade: ...
    @overload
    def __getitem__(self, at: slice) -> list[Trade]: ...
    def __getitem__(self, at: int | slice) -> Trade | list[Trade]:
        if isinstance(at, slice):
            return [self[k] for k in range(*at.indices(len(self)))]
        return Trade(*(column[at].item() for column in vars(self).values()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


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

    trades: Trades
    open_trade: OpenTrade | None
    cash: Floats
    shares: Floats
    equity: Floats
    commissions: float


@dataclass(frozen=True, eq=False)
class Fills:
    """Where the position changes: at `bar` and `price` what is held is closed, and `side` is opened (0: nothing)."""

    bar: Ints
    price: Floats
    side: Sides

    def then_close(self, bar: int, price: float) -> "Fills":
        """Return these fills and one more, which closes what they leave open."""
        return Fills(np.append(self.bar, bar), np.append(self.price, price), np.append(self.side, np.int8(0)))


def settle(decisions: Decisions, bars: Bars, account: Account) -> Statement:
    """Fill each decision at the next bar's open and return what the account did.

    A decision at the last bar is never filled. When a bar's close leaves no equity, the account is ruined: the
    position is closed at that close and nothing is traded after it.
    """
    last = len(bars) - 1
    fills = _fill(decisions, bars, last)
    if account.close_at_end:
        statement = _book(fills.then_close(last, bars.open[last]), bars, account, closed_at_end=len(fills.bar))
    else:
        statement = _book(fills, bars, account)
    ruined = statement.equity <= 0
    if not ruined.any():
        return statement
    ruin = int(ruined.argmax())
    return _book(_fill(decisions, bars, ruin).then_close(ruin, bars.close[ruin]), bars, account)


def _fill(decisions: Decisions, bars: Bars, final: int) -> Fills:
    """Return the fills of what is decided before bar `final`."""
    filled = int(np.searchsorted(decisions.bar, final))
    bar = decisions.bar[:filled] + 1
    return Fills(bar, bars.open[bar], decisions.side[:filled])


def _book(fills: Fills, bars: Bars, account: Account, closed_at_end: int | None = None) -> Statement:
    """Return what the account did when `fills` went through it; `closed_at_end` is the number of the closing one."""
    paid = fills.price * (1 + fills.side * account.spread)
    cash, quantity = _size(fills, paid, account)
    entry_fee = account.commission * quantity * paid
    closed_quantity = np.zeros_like(quantity)
    closed_quantity[1:] = quantity[:-1]
    exit_fee = account.commission * closed_quantity * fills.price
    exit_ = np.flatnonzero(closed_quantity)
    entry = exit_ - 1
    trades = Trades(
        side=fills.side[entry],
        quantity=quantity[entry],
        entry_bar=fills.bar[entry],
        entry_price=paid[entry],
        exit_bar=fills.bar[exit_],
        exit_price=fills.price[exit_],
        commission=entry_fee[entry] + exit_fee[exit_],
        closed_at_end=exit_ == closed_at_end if closed_at_end is not None else np.zeros(len(exit_), dtype=np.bool_),
    )
    open_trade = None
    if len(quantity) and quantity[-1]:
        open_trade = OpenTrade(
            int(fills.side[-1]), float(quantity[-1]), int(fills.bar[-1]), float(paid[-1]), float(entry_fee[-1])
        )
    lasts = np.diff(fills.bar, prepend=0, append=len(bars))  # how many closes see the account as each fill left it
    at_close = np.repeat(np.append(account.capital, cash), lasts)
    shares = np.repeat(np.append(0.0, fills.side * quantity), lasts)
    fees = np.cumsum(np.column_stack([exit_fee, entry_fee]))  # one after the other, as they were paid
    return Statement(
        trades, open_trade, at_close, shares, at_close + shares * bars.close, float(fees[-1]) if len(fees) else 0.0
    )


def _size(fills: Fills, paid: Floats, account: Account) -> tuple[Floats, Floats]:
    """Return, after each fill, the cash and the shares (without sign) that it opened: as many as all cash buys.

    Each size depends on the cash that the fill before it left, so this is a loop, and it does nothing else.
    """
    rate, fractional, cash = account.commission, account.fractional_shares, float(account.capital)
    cost = paid * (1 + rate)
    cost[(fills.side == 0) | (cost <= 0)] = np.inf  # of which no cash buys a share
    quantity = signed = 0.0
    after: list[float] = []
    bought: list[float] = []
    for price, entry_price, each, side in zip(
        fills.price.tolist(), paid.tolist(), cost.tolist(), fills.side.tolist(), strict=True
    ):
        cash += signed * price - rate * quantity * price
        quantity = 0.0 if cash <= 0 else cash / each if fractional else cash // each
        signed = side * quantity
        cash -= signed * entry_price + rate * quantity * entry_price
        after.append(cash)
        bought.append(quantity)
    return np.array(after), np.array(bought)
