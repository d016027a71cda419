"""Posting over one block of bars: which of the decided positions the cash opens, and with how many shares."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tickfold.engine.accounting.account import Account, Commission
from tickfold.engine.accounting.posting import Posted, Terms, affordable, post, post_plain, post_whole
from tickfold.engine.accounting.sizing import CashFraction, limits
from tickfold.engine.arrays import NONE, Flags, Floats, Sides
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.automaton import next_entry, resolve
from tickfold.engine.decisions.exits import END, RUIN
from tickfold.engine.decisions.fold import Joined
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.positions import Positions, merge

_FIRST_RETRIES, _MOST_RETRIES = 64, 65_536
"""Events tried at a time after a rejection: few at first, since the next order may well be affordable."""
_MOST_POSTED = 1_024
"""Positions posted at a time. One after a rejection, since the next order may well be rejected too."""


@dataclass(frozen=True)
class Opening:
    """The account before a block.

    Attributes:
        cash: dollars.
        held: shares of the position that is held, 0 if none is.
        fraction: of the cash that the working order may use.
        in_sequence: whether an order of the target was rejected before.
    """

    cash: float
    held: float
    fraction: float
    in_sequence: bool


class BlockPosting:
    """The posting of a block's positions in turn, each sized by the cash that the one before it left.

    `last` says that the run ends with the block; `ruin` is the bar whose close ends trading. After posting, `positions`
    are those that were opened, `quantity` their shares, and `working` is the order that waits for its fill at the
    block's end, if any, as a position without an entry.
    """

    def __init__(
        self,
        opening: Opening,
        joined: Joined,
        bars: Bars,
        account: Account,
        orders: Orders,
        *,
        fraction: CashFraction,
        last: bool,
        ruin: int | None = None,
    ) -> None:
        self._opening, self._joined, self._events, self._bars = opening, joined, joined.events, bars
        self._account, self._orders, self._fraction = account, orders, fraction
        self._last, self._ruin = last, ruin
        self.cash = opening.cash
        self.in_sequence = False
        self.quantity = np.empty(0)
        self.positions = joined.positions[:0]
        self._quantities: list[Floats] = [np.empty(0)]
        self._posted: list[Positions] = []
        self._sequences: list[tuple[int, int]] = []
        self.working = joined.positions[:0]
        self._affordable = affordable(account, limits(account.sizing))
        self._plain = account.sizing.kind in ("fraction", "volatility") and account.commission == Commission(
            account.commission.relative
        )

    @cached_property
    def offered(self) -> tuple[Positions, Terms]:
        """The positions that would be opened if the cash paid for them, and their prices and costs."""
        carried_out = self._carried_out(self._joined.positions)
        return carried_out, self._terms(carried_out)

    def sequential_bars(self, ruin: int | None) -> int:
        """Return how many bars, up to `ruin`, were decided in sequence."""
        last = len(self._bars) - 1 if ruin is None else ruin
        return sum(max(min(until, last) - after, 0) for after, until in self._sequences)

    def post(self, positions: Positions) -> None:
        """Open and close `positions` in turn; after a rejection, decide the rest of its target in sequence."""
        if self._opening.in_sequence and self._joined.carried:
            target = self._joined.carried - 1
            self._sequences.append((-1, self._target_end(target)))
            self.in_sequence = self._goes_on(target)
        self.working = _unfilled(positions[-1:])
        positions = self._carried_out(positions)
        terms, at, at_once = self._terms(positions), 0, _MOST_POSTED
        if self._opening.held:
            at = self._post_held(positions, terms)
        while True:
            first, at = at, at + self._post_until_rejected(terms, at, at_once)
            self._posted.append(positions[first:at])
            at_once = 1
            if at == len(positions) or self.cash <= 0:  # without cash there is no equity: the next close is the ruin
                break
            self._retry(positions[at : at + 1])
            at = int(np.searchsorted(positions.event, self._events.target_stop[positions.event[at]]))
        self.positions, self.quantity = merge(self._posted), np.concatenate(self._quantities)

    def _post_held(self, positions: Positions, terms: Terms) -> int:
        """Close the position that was held before the block, the first of `positions`, if its exit is in the block."""
        self._posted.append(positions[:1])
        self._quantities.append(np.array([self._opening.held]))
        if positions.known[0]:
            value = self._opening.held * float(terms.received[0])
            self.cash += value - float(fee(self._account.commission, np.array(self._opening.held), np.array(value)))
        return 1

    def _post_until_rejected(self, terms: Terms, first: int = 0, at_once: int = 1) -> int:
        """Post positions from the `first` until one is rejected, at first so many `at_once`; return how many."""
        at, count, rejected = first, at_once, False
        while at < len(terms) and not rejected:
            some = terms[at : at + count]
            quantity, self.cash = self._post_some(some)
            self._quantities.append(quantity)
            at += len(quantity)
            rejected = len(quantity) < len(some)
            count = min(2 * count, _MOST_POSTED)
        return at - first

    def _post_some(self, terms: Terms) -> Posted:
        if not self._plain:
            return post(terms, self.cash, self._affordable, self._account.commission)
        if self._account.fractional_shares:
            return post_plain(terms, self.cash, whole=False)
        return post_whole(terms, self.cash)

    def _goes_on(self, event: int) -> bool:
        """Return whether the target of `event` is that at the block's end."""
        return int(self._events.target_stop[event]) == len(self._events)

    def _target_end(self, event: int) -> int:
        """Return the bar at whose close the target of `event` ends, or the block's last."""
        return min(int(self._events.target_until[event]), len(self._bars) - 1)

    def _retry(self, rejected: Positions) -> None:
        """After a rejection, decide the rest of the target event by event, with the cash at hand."""
        event = int(rejected.event[0])
        stop = int(self._events.target_stop[event])
        counted = self._opening.in_sequence and self._events.target_start[event] < self._joined.carried
        if not counted:
            self._sequences.append((int(self._events.bar[event]), self._target_end(event)))
        if self._goes_on(event):
            self.in_sequence, self.working = True, self.working[:0]
        position, opened = rejected, False
        while self.cash > 0:
            event = self._next(position) if opened else self._after_rejection(position)
            if not NONE < event < stop:
                return
            position = resolve(self._bars, self._events, np.array([event]), self._orders)
            carried_out = self._carried_out(position)
            opened = self._post_until_rejected(self._terms(carried_out)) == len(carried_out)
            if opened:
                self._posted.append(carried_out)
            if self._goes_on(event):
                self.working = _unfilled(position)

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
                if tried.entry_bar[number] == NONE or self._affordable(self.cash, abs(paid), each, fraction) > 0:
                    return event + number
            event += len(some)
            count = min(2 * count, _MOST_RETRIES)
        return event

    def _next(self, position: Positions) -> int:
        return int(next_entry(self._events, position, self._orders)[0])

    def _terms(self, positions: Positions) -> Terms:
        paid, received = self.prices(positions)
        side, fees = positions.side, self._account.commission
        return Terms(
            paid=side * paid,
            received=side * received,
            rate=side * np.float64(fees.relative),
            each=paid * (1 + fees.relative) + fees.per_share,
            fraction=self.fractions(positions),
        )

    def fractions(self, positions: Positions) -> Floats:
        """Return the fraction of the cash that each of `positions` may use, as of the close that decided."""
        decided = self._events.bar[positions.event]
        fraction = self._fraction.at(np.maximum(decided, 0))
        fraction[positions.event < self._joined.carried] = self._opening.fraction
        return fraction

    def prices(self, positions: Positions) -> tuple[Floats, Floats]:
        """Return the prices of entries and exits, made worse by spread and slippage; 0 for exits to come."""
        side, received = positions.side, positions.exit_price
        paid = entry_price(positions.entry_price, side, self._account, self._orders)
        at_limit = self._orders.closed_at_limit(positions.reason)
        received = np.where(at_limit, received, exit_price(received, side, self._account))
        return paid, np.where(positions.known, received, 0.0)

    def _carried_out(self, positions: Positions) -> Positions:
        """Return the `positions` that are opened, of which the end of the run, or the ruin, may close the last."""
        decided, filled = self._events.bar[positions.event], positions.entry_bar != NONE
        if self._ruin is not None:
            opened = filled & (positions.entry_bar <= self._ruin) & (decided < self._ruin)
            outlasts = ~positions.known | (positions.exit_bar > self._ruin)
            return _close(positions, outlasts, self._ruin, self._bars.close[self._ruin], RUIN)[opened]
        if not self._last:
            return positions if filled.all() else positions[filled]
        last, fill = len(self._bars) - 1, self._orders.fill
        opened = filled & (decided < last)
        at_market = self._orders.closed_at_market(positions.reason)
        decided_last = at_market & (positions.exit_bar - fill.delay == last)
        if not self._account.close_at_end:
            return _close(positions, decided_last, NONE, np.nan, 0)[opened]
        outlasts = ~positions.known | decided_last
        if fill.at_open:  # the last open closes the account's position, so nothing fills later in that bar
            outlasts |= (positions.exit_bar == last) & ~at_market
            held = (positions.event == 0) & (self._opening.held > 0)
            opened &= (positions.entry_bar < last) | (not self._orders.entry.rests) | held
        return _close(positions, outlasts, last, fill.prices(self._bars)[last], END)[opened]


def entry_price(price: Floats, side: Sides, account: Account, orders: Orders) -> Floats:
    """Return the prices of entries at the market price `price`, made worse by spread and slippage."""
    if not orders.entry.takes_liquidity:
        return price
    worse: Floats = price * (1 + side * account.spread) * (1 + side * account.slippage)
    return worse


def exit_price(price: Floats, side: Sides, account: Account) -> Floats:
    """Return the prices of exits of positions of `side` at the market price `price`, made worse by slippage."""
    worse: Floats = price * (1 - side * account.slippage)
    return worse


def fee(commission: Commission, quantity: Floats, value: Floats) -> Floats:
    """Return the commission of fills of so many shares and dollars, as `post` pays it."""
    charged: Floats = np.maximum(
        commission.fixed + quantity * commission.per_share + np.abs(commission.relative * value), commission.minimum
    )
    return charged


def _unfilled(position: Positions) -> Positions:
    """Return `position`, one or none, if it is an order that waits for its fill; else none."""
    return position[(position.entry_bar == NONE) & ~position.known]


def _close(positions: Positions, which: Flags, bar: int, price: float, reason: int) -> Positions:
    """Return `positions` with another end for those of `which`."""
    return replace(
        positions,
        exit_bar=np.where(which, bar, positions.exit_bar),
        exit_price=np.where(which, price, positions.exit_price),
        reason=np.where(which, reason, positions.reason).astype(np.int8),
    )
