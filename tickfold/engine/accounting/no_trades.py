"""No trades: why a run has none, from what it decided and what its account could pay.

The first cause that holds is named, in the order in which a trade comes about: the strategy signals, the order fills,
the size and the cash allow it. It follows from the decisions alone, so any cut of the run gives the same.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from tickfold.engine.accounting.account import Account
from tickfold.engine.accounting.cause import Cause
from tickfold.engine.accounting.posting import Terms
from tickfold.engine.accounting.sizing import limits
from tickfold.engine.arrays import NONE
from tickfold.engine.bars import Bars, day_or_time
from tickfold.engine.decisions.fold import Joined
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.positions import Positions


@dataclass(frozen=True)
class NoTrades:
    """Why a run has no trades: the cause, for programs, and the reason, with its numbers, for people."""

    cause: Cause
    reason: str


@dataclass(frozen=True)
class FirstOrder:
    """The first order that was filled and that the cash did not pay for.

    `filled` is in microseconds since 1970 UTC, `paid` and `each` are dollars a share, without and with its commission,
    `fraction` is that of the cash which the order may use.
    """

    filled: int
    paid: float
    each: float
    fraction: float


@dataclass(frozen=True)
class Unopened:
    """What became of the signals and orders of a run as long as none opened a position.

    Attributes:
        bars: how many there were.
        latest: the last one's time, in microseconds since 1970 UTC.
        silent: whether all of them had volume 0.
        signalled: the time of the first signal to enter.
        placed: orders that could have been filled.
        filled: whether one was filled.
        rejected: the first order that was not paid for.
    """

    bars: int = 0
    latest: int = 0
    silent: bool = True
    signalled: int | None = None
    placed: int = 0
    filled: bool = False
    rejected: FirstOrder | None = None

    def after(self, bars: Bars, joined: Joined, offered: tuple[Positions, Terms], *, last: bool) -> Self:
        """Return what it is after the next `bars`, in which no position was opened; `last` says that the run ends."""
        events, positions = joined.events, joined.positions
        entries = events.bar[(events.side != 0) & (events.bar >= 0)]
        decided = events.bar[positions.event]
        placed = (decided >= 0) & (decided < len(bars) - int(last))
        return type(self)(
            bars=self.bars + len(bars),
            latest=int(bars.timestamp[-1]),
            silent=self.silent and not bars.volume.any(),
            signalled=int(bars.timestamp[entries[0]]) if self.signalled is None and len(entries) else self.signalled,
            placed=self.placed + int(np.count_nonzero(placed)),
            filled=self.filled or bool((positions.entry_bar[placed | (decided < 0)] != NONE).any()),
            rejected=self.rejected or _first(bars, *offered),
        )

    def why(self, account: Account, orders: Orders, *, lookback: int, uses_volume: bool) -> NoTrades:
        """Return why the run has no trades. `uses_volume` says whether the strategy's signals depend on volume."""
        if self.signalled is None:
            return self._without_signal(orders, lookback, uses_volume)
        if not self.placed:
            at = day_or_time(self.signalled)
            return NoTrades("last_bar", f"the first signal to enter came at the last bar, {at}: no bar is left")
        if self.rejected is None:
            return self._unfilled()
        return _unpaid(self.rejected, account)

    def _without_signal(self, orders: Orders, lookback: int, uses_volume: bool) -> NoTrades:
        counted = f"{self.bars:,} bar{'' if self.bars == 1 else 's'}"
        if self.silent and uses_volume:
            reason = f"all {counted} have volume 0, and the strategy's signals depend on volume"
            return NoTrades("no_volume", reason)
        also = "; all of them have volume 0" if self.silent else ""
        if lookback >= self.bars:
            needed = f"the strategy looks back {lookback:,} bars and so needs {lookback + 1:,}"
            reason = f"the warm-up is longer than the range: {needed}, the range has {self.bars:,}{also}"
            return NoTrades("warm_up", reason)
        side = "" if orders.direction == "both" else f"{orders.direction} "
        return NoTrades("no_signal", f"the strategy gave no signal to enter a {side}position on {counted}{also}")

    def _unfilled(self) -> NoTrades:
        if self.filled:
            at = day_or_time(self.latest)
            return NoTrades("last_bar", f"the first limit order was reached only at the last bar, {at}")
        orders = "the limit order was not" if self.placed == 1 else f"none of the {self.placed:,} limit orders was"
        return NoTrades("unfilled", f"{orders} filled: no price reached a limit")


def _first(bars: Bars, offered: Positions, terms: Terms) -> FirstOrder | None:
    if not len(offered):
        return None
    return FirstOrder(
        filled=int(bars.timestamp[offered.entry_bar[0]]),
        paid=abs(float(terms.paid[0])),
        each=float(terms.each[0]),
        fraction=float(terms.fraction[0]),
    )


def _unpaid(first: FirstOrder, account: Account) -> NoTrades:
    """Return why the first order could not be paid; all later ones found the same cash."""
    at = f"at the first order, filled {day_or_time(first.filled)}"
    if first.fraction == 0:
        return NoTrades("volatility", f"{at}, no volatility could be measured yet, by which the order is sized")
    limit = limits(account.sizing)
    if not account.fractional_shares and limit.shares < 1:
        return NoTrades("size", f"the size, {limit.shares:g} shares, is less than one share")
    budget = min(account.capital * first.fraction, limit.cash)
    fees = account.commission
    if account.fractional_shares:
        charged = max(fees.fixed, fees.minimum)
        return NoTrades(
            "cash", f"{at}, the commission of {_dollars(charged)} took all of the {_dollars(budget)} to spend"
        )
    cost = max(first.each + fees.fixed, first.paid + fees.minimum)
    commission = " with its commission" if cost > first.paid else ""
    of = f"the order may use {_dollars(budget)} of the cash, " if budget < account.capital else "the cash is "
    have = f"{of}{_dollars(account.capital)}"
    return NoTrades("cash", f"not enough cash for one share: {at}, one cost {_dollars(cost)}{commission}, and {have}")


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 0.01 else f"{amount:.3g}"
