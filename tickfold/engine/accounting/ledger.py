"""The ledger: the account's cash and shares. Positions pass through it in order, and only here is money counted."""

from dataclasses import replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tickfold.engine.accounting.account import Account, Commission
from tickfold.engine.accounting.posting import Posted, Terms, affordable, post, post_plain, post_whole
from tickfold.engine.accounting.sizing import bounds
from tickfold.engine.accounting.statement import Statement
from tickfold.engine.accounting.trades import OpenTrade, Trade, Trades
from tickfold.engine.arrays import NONE, Flags, Floats
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.automaton import Decisions, next_entry, resolve
from tickfold.engine.decisions.exits import END, RUIN
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.positions import Positions, merge
from tickfold.engine.decisions.signal_events import SignalEvents

_FIRST_RETRIES, _MOST_RETRIES = 64, 65_536
"""Events tried at a time after a rejection: few at first, since the next order may well be affordable."""
_MOST_POSTED = 1_024
"""Positions posted at a time. One at first: after a rejection the next order may well be rejected too."""
_Number = TypeVar("_Number", bound=np.generic)


def settle(decisions: Decisions, bars: Bars, account: Account, orders: Orders) -> Statement:
    """Return the statement of `account` after the decided positions.

    A decision at the last bar is not carried out. An order that cash does not pay for is rejected; its target tries
    again at the strategy's next signal event. Where a bar's close leaves no equity, the account is ruined: the position
    is closed at that close, and trading ends.
    """
    ledger = Ledger(decisions.events, bars, account, orders)
    ledger.post(decisions.positions)
    statement = ledger.statement()
    ruined = statement.equity <= 0
    if not ruined.any():
        return statement
    until = Ledger(decisions.events, bars, account, orders, ruin=int(ruined.argmax()))
    until.post(ledger.positions)
    return replace(until.statement(), sequential_bars=statement.sequential_bars)


class Ledger:
    """Cash, and at most one position, sized by the cash at its entry. `ruin` is the bar whose close ends trading."""

    def __init__(
        self, events: SignalEvents, bars: Bars, account: Account, orders: Orders, ruin: int | None = None
    ) -> None:
        self._events, self._bars, self._account, self._orders, self._ruin = events, bars, account, orders, ruin
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

    def offered(self, positions: Positions) -> tuple[Positions, Terms]:
        """Return the `positions` that would be opened if the cash paid for them, and their prices and costs."""
        carried_out = self._carried_out(positions)
        return carried_out, self._terms(carried_out)

    def post(self, positions: Positions) -> None:
        """Open and close `positions` in turn; after a rejection, decide the rest of its target in sequence."""
        positions = self._carried_out(positions)
        terms, at = self._terms(positions), 0
        while True:
            first, at = at, at + self._post_until_rejected(terms, at)
            self._posted.append(positions[first:at])
            if at == len(positions) or self._cash <= 0:  # without cash there is no equity: the next close is the ruin
                return
            self._retry(positions[at : at + 1])
            at = int(np.searchsorted(positions.event, self._events.target_stop[positions.event[at]]))

    def _post_until_rejected(self, terms: Terms, first: int = 0) -> int:
        """Post positions from the `first` until one is rejected; return how many were posted."""
        at, count, rejected = first, 1, False
        while at < len(terms) and not rejected:
            some = terms[at : at + count]
            quantity, self._cash = self._post_some(some)
            self._quantity.append(quantity)
            at += len(quantity)
            rejected = len(quantity) < len(some)
            count = min(2 * count, _MOST_POSTED)
        return at - first

    def _post_some(self, terms: Terms) -> Posted:
        if not self._plain:
            return post(terms, self._cash, self._affordable, self._account.commission)
        if self._account.fractional_shares:
            return post_plain(terms, self._cash, whole=False)
        return post_whole(terms, self._cash)

    def _retry(self, rejected: Positions) -> None:
        """After a rejection, decide the rest of the target event by event, with the cash at hand."""
        stop = int(self._events.target_stop[rejected.event[0]])
        until = self._events.bar[stop] if stop < len(self._events) else len(self._bars) - 1
        self._sequential_bars += int(until - self._events.bar[rejected.event[0]])
        position, opened = rejected, False
        while self._cash > 0:
            event = self._next(position) if opened else self._after_rejection(position)
            if not NONE < event < stop:
                return
            position = resolve(self._bars, self._events, np.array([event]), self._orders)
            carried_out = self._carried_out(position)
            opened = self._post_until_rejected(self._terms(carried_out)) == len(carried_out)
            if opened:
                self._posted.append(carried_out)

    def _after_rejection(self, rejected: Positions) -> int:
        """Return the event to retry at: the next one; for market orders, the first at which cash would suffice."""
        event = int(max(rejected.event[0] + 1, np.searchsorted(self._events.bar, rejected.entry_bar[0])))
        stop = int(self._events.target_stop[rejected.event[0]])
        entries_only = replace(self._orders, exits=())
        count = _FIRST_RETRIES
        while not self._orders.entry.rests and event < stop:
            some = np.arange(event, min(event + count, stop))
            tried = resolve(self._bars, self._events, some, entries_only)
            for number, (paid, _, _, each, fraction) in enumerate(self._terms(tried)):
                if self._affordable(self._cash, abs(paid), each, fraction) > 0:
                    return event + number
            event += len(some)
            count = min(2 * count, _MOST_RETRIES)
        return event

    def _next(self, position: Positions) -> int:
        return int(next_entry(self._events, position, self._orders)[0])

    def _terms(self, positions: Positions) -> Terms:
        paid, received = self._prices(positions)
        side, fees = positions.side, self._account.commission
        fraction = bounds(self._account.sizing, self._bars, self._events.bar[positions.event]).fraction
        return Terms(
            paid=side * paid,
            received=side * received,
            rate=side * np.float64(fees.relative),
            each=paid * (1 + fees.relative) + fees.per_share,
            fraction=np.full(len(positions), fraction),
        )

    def _prices(self, positions: Positions) -> tuple[Floats, Floats]:
        """Return the prices of entries and exits, made worse by spread and slippage; 0 for exits to come."""
        slippage, side = self._account.slippage, positions.side
        paid, received = positions.entry_price, positions.exit_price
        if self._orders.entry.takes_liquidity:
            paid = paid * (1 + side * self._account.spread) * (1 + side * slippage)
        at_limit = self._orders.closed_at_limit(positions.reason)
        received = np.where(at_limit, received, received * (1 - side * slippage))
        return paid, np.where(positions.known, received, 0.0)

    def _carried_out(self, positions: Positions) -> Positions:
        """Return the `positions` that are opened, of which the end of the run, or the ruin, may close the last."""
        decided, filled = self._events.bar[positions.event], positions.entry_bar != NONE
        if self._ruin is not None:
            opened = filled & (positions.entry_bar <= self._ruin) & (decided < self._ruin)
            outlasts = ~positions.known | (positions.exit_bar > self._ruin)
            return _close(positions, outlasts, self._ruin, self._bars.close[self._ruin], RUIN)[opened]
        last, fill = len(self._bars) - 1, self._orders.fill
        opened = filled & (decided < last)
        at_market = self._orders.closed_at_market(positions.reason)
        decided_last = at_market & (positions.exit_bar - fill.delay == last)
        if not self._account.close_at_end:
            return _close(positions, decided_last, NONE, np.nan, 0)[opened]
        outlasts = ~positions.known | decided_last
        if fill.at_open:  # the last open closes the account's position, so nothing fills later in that bar
            outlasts |= (positions.exit_bar == last) & ~at_market
            opened &= (positions.entry_bar < last) | (not self._orders.entry.rests)
        return _close(positions, outlasts, last, fill.prices(self._bars)[last], END)[opened]

    def statement(self) -> Statement:
        """Return the statement of what has been posted."""
        positions, quantity = self.positions, np.concatenate(self._quantity)
        paid, received = self._prices(positions)
        fees, known = self._account.commission, positions.known
        entry_fee, exit_fee = _fee(fees, quantity, paid), np.where(known, _fee(fees, quantity, received), 0.0)
        worse = np.abs(paid - positions.entry_price)
        worse += np.where(known, np.abs(received - positions.exit_price), 0)
        signed = positions.side * quantity
        cash, shares = self._at_closes(positions, signed, -signed * paid - entry_fee, signed * received - exit_fee)
        equity = shares * self._bars.close
        equity += cash
        trades = Trades(
            side=positions.side,
            quantity=quantity,
            entry_bar=positions.entry_bar,
            entry_price=paid,
            exit_bar=positions.exit_bar,
            exit_price=received,
            commission=entry_fee + exit_fee,
            reason=positions.reason,
        )
        return Statement(
            capital=self._account.capital,
            trades=trades[: int(np.count_nonzero(known))],
            open_trade=_open_trade(trades[-1]) if len(known) and not known[-1] else None,  # only the last can be open
            cash=cash,
            shares=shares,
            equity=equity,
            commissions=float(entry_fee.sum() + exit_fee.sum()),
            slippage_cost=float((worse * quantity).sum()),
            sequential_bars=self._sequential_bars,
        )

    def _at_closes(self, positions: Positions, shares: Floats, entry: Floats, exit_: Floats) -> tuple[Floats, Floats]:
        """Return cash and shares at each bar's close; `entry` and `exit_` are the changes in cash per position."""
        events = _in_turn(positions.entry_bar, np.where(positions.known, positions.exit_bar, len(self._bars)))
        lasts = np.diff(events, prepend=0, append=len(self._bars))  # closes between one fill and the next
        cash = np.cumsum(np.append(self._account.capital, _in_turn(entry, exit_)))
        held = np.append(0.0, _in_turn(shares, np.zeros(len(shares))))
        return np.repeat(cash, lasts), np.repeat(held, lasts)


def _in_turn(entry: npt.NDArray[_Number], exit_: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    return np.column_stack([entry, exit_]).ravel()


def _open_trade(trade: Trade) -> OpenTrade:
    return OpenTrade(trade.side, trade.quantity, trade.entry_bar, trade.entry_price, trade.commission)


def _fee(commission: Commission, quantity: Floats, price: Floats) -> Floats:
    each = commission.per_share + commission.relative * price
    return np.maximum(commission.fixed + quantity * each, commission.minimum)


def _close(positions: Positions, which: Flags, bar: int, price: float, reason: int) -> Positions:
    """Return `positions` with another end for those of `which`."""
    return replace(
        positions,
        exit_bar=np.where(which, bar, positions.exit_bar),
        exit_price=np.where(which, price, positions.exit_price),
        reason=np.where(which, reason, positions.reason).astype(np.int8),
    )
