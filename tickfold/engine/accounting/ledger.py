"""The ledger: the cash and shares account. Positions go through it in order, and only here is money counted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, overload

import numpy as np
import numpy.typing as npt

from tickfold.engine.accounting.account import Account, Commission
from tickfold.engine.accounting.posting import Posted, Terms, affordable, post, post_plain, post_whole
from tickfold.engine.accounting.sizing import bounds
from tickfold.engine.bars import Bars, Floats, Ints
from tickfold.engine.decisions.automaton import Asks, Decisions, Positions, Sides, merge, next_ask, resolve
from tickfold.engine.decisions.orders import END, MAX_BARS, NONE, REASONS, RUIN, SIGNAL, TAKE_PROFIT, Orders

_FIRST_ASKS, _MOST_ASKS = 64, 65_536
"""So many asks are tried at a time after a refusal: few at first, since the next one may well be paid for."""
_MOST_POSTED = 1_024
"""So many positions are posted at a time. One at first: after a refusal the next one may well be refused too."""
_Number = TypeVar("_Number", bound=np.generic)


@dataclass(frozen=True)
class Trade:
    """A position from its entry to its exit. Bars count from the run's first; prices and `pnl` are in dollars.

    Prices are what was paid and received, spread and slippage included. `pnl` is after both commissions; `trade_return`
    is `pnl` over the value at entry. `reason` numbers `tickfold.engine.decisions.orders.REASONS`.
    """

    side: int
    quantity: float
    entry_bar: int
    entry_price: float
    exit_bar: int
    exit_price: float
    commission: float
    reason: int

    @property
    def pnl(self) -> float:
        return self.side * self.quantity * (self.exit_price - self.entry_price) - self.commission

    @property
    def trade_return(self) -> float:
        return self.pnl / (self.quantity * self.entry_price)

    @property
    def exit_reason(self) -> str:
        """Why it ended, in a word."""
        return REASONS[self.reason]


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
    reason: Sides

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
    """What the account did: closed trades, the open one if any, and at each bar's close cash, shares and equity.

    `commissions` and `slippage_cost` (what spread and slippage made prices worse by) are in dollars, the entry of an
    open trade included. `sequential_bars` are the bars whose decisions hung on cash, since an order that it did not pay
    for may be followed by another; they were decided in sequence.
    """

    trades: Trades
    open_trade: OpenTrade | None
    cash: Floats
    shares: Floats
    equity: Floats
    commissions: float
    slippage_cost: float
    sequential_bars: int


def settle(decisions: Decisions, bars: Bars, account: Account, orders: Orders) -> Statement:
    """Put the decided positions through the account and return what it did.

    A decision at the last bar is never carried out. An order that cash does not pay for is refused, and the same wish
    tries again at the strategy's next ask. When a bar's close leaves no equity, the account is ruined: what is held is
    closed at that close and nothing is traded after it.
    """
    ledger = Ledger(decisions.asks, bars, account, orders)
    ledger.post(decisions.positions)
    statement = ledger.statement()
    ruined = statement.equity <= 0
    if not ruined.any():
        return statement
    until = Ledger(decisions.asks, bars, account, orders, ruin=int(ruined.argmax()))
    until.post(ledger.positions)
    return replace(until.statement(), sequential_bars=statement.sequential_bars)


class Ledger:
    """Cash, and at most one position, opened with what cash there is when its turn comes."""

    def __init__(self, asks: Asks, bars: Bars, account: Account, orders: Orders, ruin: int | None = None) -> None:
        self._asks, self._bars, self._account, self._orders, self._ruin = asks, bars, account, orders, ruin
        self._cash = account.capital
        self._quantity = [np.empty(0)]
        self._posted: list[Positions] = []
        self._sequential_bars = 0
        self._affordable = affordable(account, bounds(account.sizing, bars, np.empty(0, np.int64)))
        self._plain = account.sizing.kind in ("fraction", "volatility") and account.commission == Commission(
            account.commission.relative
        )

    @property
    def positions(self) -> Positions:
        """The positions that were opened."""
        return merge(self._posted)

    def post(self, positions: Positions) -> None:
        """Open and close `positions` in turn; where one is refused, decide the rest of its wish anew."""
        positions = self._ended(positions)
        terms, at = self._terms(positions), 0
        while True:
            first, at = at, at + self._post_until_refused(terms, at)
            self._posted.append(positions[first:at])
            if at == len(positions) or self._cash <= 0:  # no cash left is no equity left: the next close is the ruin
                return
            self._try_again(positions[at : at + 1])
            at = int(np.searchsorted(positions.ask, self._asks.ends[positions.ask[at]]))

    def _post_until_refused(self, terms: Terms, first: int = 0) -> int:
        """Post positions from the `first` until one is refused; return how many were not."""
        at, count, refused = first, 1, False
        while at < len(terms) and not refused:
            some = terms[at : at + count]
            quantity, self._cash = self._post_some(some)
            self._quantity.append(quantity)
            at += len(quantity)
            refused = len(quantity) < len(some)
            count = min(2 * count, _MOST_POSTED)
        return at - first

    def _post_some(self, terms: Terms) -> Posted:
        if not self._plain:
            return post(terms, self._cash, self._affordable, self._account.commission)
        if self._account.fractional_shares:
            return post_plain(terms, self._cash, whole=False)
        return post_whole(terms, self._cash)

    def _try_again(self, refused: Positions) -> None:
        """After a refusal, go through the rest of the wish ask by ask, with the account at hand."""
        end = int(self._asks.ends[refused.ask[0]])
        until = self._asks.bar[end] if end < len(self._asks) else len(self._bars) - 1
        self._sequential_bars += int(until - self._asks.bar[refused.ask[0]])
        position, taken = refused, False
        while self._cash > 0:
            ask = self._next(position) if taken else self._after_refusal(position)
            if not NONE < ask < end:
                return
            position = resolve(self._bars, self._asks, np.array([ask]), self._orders)
            ended = self._ended(position)
            taken = self._post_until_refused(self._terms(ended)) == len(ended)
            if taken:
                self._posted.append(ended)

    def _after_refusal(self, refused: Positions) -> int:
        """Return the first ask after an order was refused; of market orders, the first that cash would pay for."""
        ask = int(max(refused.ask[0] + 1, np.searchsorted(self._asks.bar, refused.entry_bar[0])))
        end = int(self._asks.ends[refused.ask[0]])
        without_exits = Orders(fill=self._orders.fill)  # of which nothing is asked but the price of the entry
        count = _FIRST_ASKS
        while self._orders.limit is None and ask < end:
            some = np.arange(ask, min(ask + count, end))
            tried = resolve(self._bars, self._asks, some, without_exits)
            for number, (paid, _, _, each, fraction) in enumerate(self._terms(tried)):
                if self._affordable(self._cash, abs(paid), each, fraction) > 0:
                    return ask + number
            ask += len(some)
            count = min(2 * count, _MOST_ASKS)
        return ask

    def _next(self, position: Positions) -> int:
        return int(next_ask(self._asks, position, self._orders)[0])

    def _terms(self, positions: Positions) -> Terms:
        paid, got = self._prices(positions)
        side, fees = positions.side, self._account.commission
        fraction = bounds(self._account.sizing, self._bars, self._asks.bar[positions.ask]).fraction
        return Terms(
            paid=side * paid,
            got=side * got,
            rate=side * np.float64(fees.relative),
            each=paid * (1 + fees.relative) + fees.per_share,
            fraction=np.full(len(positions), fraction),
        )

    def _prices(self, positions: Positions) -> tuple[Floats, Floats]:
        """Return what is paid and what is got a share: market prices made worse by spread and slippage.

        An open position has got nothing yet.
        """
        slippage, side = self._account.slippage, positions.side
        paid, got = positions.entry_price, positions.exit_price
        if self._orders.limit is None:
            paid = paid * (1 + side * self._account.spread) * (1 + side * slippage)
        got = np.where(positions.reason == TAKE_PROFIT, got, got * (1 - side * slippage))
        return paid, np.where(positions.known, got, 0.0)

    def _ended(self, positions: Positions) -> Positions:
        """Return what is carried out of `positions`, of which the account's ruin, or the run's end, ends the last."""
        market, at_open = self._orders.limit is None, self._orders.fill == "open"
        decided, filled = self._asks.bar[positions.ask], positions.entry_bar != NONE
        if self._ruin is not None:
            carried_out = filled & (positions.entry_bar <= self._ruin) & ((decided < self._ruin) | (not market))
            over = ~positions.known | (positions.exit_bar > self._ruin)
            return _close(positions, over, self._ruin, self._bars.close[self._ruin], RUIN)[carried_out]
        last = len(self._bars) - 1
        carried_out = filled & ((decided < last) | (not market))
        asked = (positions.reason == SIGNAL) | (positions.reason == MAX_BARS)
        over = (positions.exit_bar == last) & asked & (not at_open)  # decided at the last bar
        if not self._account.close_at_end:
            return _close(positions, over, NONE, np.nan, 0)[carried_out]
        over |= ~positions.known
        if at_open:  # whatever comes later in the last bar comes too late
            over |= (positions.exit_bar == last) & ~asked
            carried_out &= (positions.entry_bar < last) | market
        price = (self._bars.open if at_open else self._bars.close)[last]
        return _close(positions, over, last, price, END)[carried_out]

    def statement(self) -> Statement:
        """Return what has happened so far."""
        positions, quantity = self.positions, np.concatenate(self._quantity)
        paid, got = self._prices(positions)
        fees = self._account.commission
        known = positions.known
        closed = slice(int(np.count_nonzero(known)))  # only the last can be open
        entry_fee, exit_fee = _fee(fees, quantity, paid), np.where(known, _fee(fees, quantity, got), 0.0)
        trades = Trades(
            side=positions.side[closed],
            quantity=quantity[closed],
            entry_bar=positions.entry_bar[closed],
            entry_price=paid[closed],
            exit_bar=positions.exit_bar[closed],
            exit_price=got[closed],
            commission=(entry_fee + exit_fee)[closed],
            reason=positions.reason[closed],
        )
        open_trade = None
        if len(known) and not known[-1]:
            open_trade = OpenTrade(
                int(positions.side[-1]),
                float(quantity[-1]),
                int(positions.entry_bar[-1]),
                float(paid[-1]),
                float(entry_fee[-1]),
            )
        worse = (
            np.abs(paid - positions.entry_price) + np.where(known, np.abs(got - positions.exit_price), 0)
        ) * quantity
        signed = positions.side * quantity
        cash, shares = self._at_closes(positions, signed, -signed * paid - entry_fee, signed * got - exit_fee)
        equity = shares * self._bars.close
        equity += cash
        return Statement(
            trades,
            open_trade,
            cash,
            shares,
            equity,
            commissions=float(entry_fee.sum() + exit_fee.sum()),
            slippage_cost=float(worse.sum()),
            sequential_bars=self._sequential_bars,
        )

    def _at_closes(self, positions: Positions, shares: Floats, entry: Floats, exit_: Floats) -> tuple[Floats, Floats]:
        """Return cash and shares at each bar's close, given what each entry and exit does to the cash."""
        events = _in_turn(positions.entry_bar, np.where(positions.known, positions.exit_bar, len(self._bars)))
        lasts = np.diff(events, prepend=0, append=len(self._bars))  # how many closes see the account as each left it
        cash = np.cumsum(np.append(self._account.capital, _in_turn(entry, exit_)))
        held = np.append(0.0, _in_turn(shares, np.zeros(len(shares))))
        return np.repeat(cash, lasts), np.repeat(held, lasts)


def _in_turn(entry: npt.NDArray[_Number], exit_: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    return np.column_stack([entry, exit_]).ravel()


def _fee(commission: Commission, quantity: Floats, price: Floats) -> Floats:
    each = commission.per_share + commission.relative * price
    return np.maximum(commission.fixed + quantity * each, commission.minimum)


def _close(positions: Positions, which: npt.NDArray[np.bool_], bar: int, price: float, reason: int) -> Positions:
    """Return `positions`, those of `which` with another end."""
    return replace(
        positions,
        exit_bar=np.where(which, bar, positions.exit_bar),
        exit_price=np.where(which, price, positions.exit_price),
        reason=np.where(which, reason, positions.reason).astype(np.int8),
    )
