"""No trades: why a run has none, from what it decided and what its account could pay.

The first cause that holds is named, in the order in which a trade comes about: the strategy signals, the order fills,
the size and the cash allow it. It follows from the decisions alone, so any cut of the run gives the same.
"""

from dataclasses import dataclass

import numpy as np

from tickfold.engine.accounting.account import Account
from tickfold.engine.accounting.cause import Cause
from tickfold.engine.accounting.ledger import Ledger
from tickfold.engine.accounting.posting import Terms
from tickfold.engine.accounting.sizing import bounds
from tickfold.engine.arrays import NONE, Ints
from tickfold.engine.bars import Bars, time_of
from tickfold.engine.decisions.automaton import Decisions
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.positions import Positions


@dataclass(frozen=True)
class NoTrades:
    """Why a run has no trades: the cause, for programs, and the reason, with its numbers, for people."""

    cause: Cause
    reason: str


def why_no_trades(
    decisions: Decisions, bars: Bars, account: Account, orders: Orders, *, lookback: int, uses_volume: bool
) -> NoTrades:
    """Return why a run over `bars` that opened no position opened none.

    `uses_volume` says whether the strategy's signals depend on volume.
    """
    entries = decisions.events.bar[decisions.events.side != 0]
    if not len(entries):
        return _without_signal(bars, orders, lookback, uses_volume)
    positions = decisions.positions
    placed = positions[decisions.events.bar[positions.event] < len(bars) - 1]
    if not len(placed):
        return _at_the_last_bar(bars, entries)
    ledger = Ledger(decisions.events, bars, account, orders)
    offered, terms = ledger.offered(positions)
    if not len(offered):
        return _unfilled(placed, bars)
    return _unpaid(offered, terms, bars, account)


def _without_signal(bars: Bars, orders: Orders, lookback: int, uses_volume: bool) -> NoTrades:
    silent = bool((bars.volume == 0).all())
    if silent and uses_volume:
        return NoTrades("no_volume", f"all {_counted(bars)} have volume 0, and the strategy's signals depend on volume")
    also = "; all of them have volume 0" if silent else ""
    if lookback >= len(bars):
        needed = f"the strategy looks back {lookback:,} bars and so needs {lookback + 1:,}"
        return NoTrades("warm_up", f"the warm-up is longer than the range: {needed}, the range has {len(bars):,}{also}")
    side = "" if orders.direction == "both" else f"{orders.direction} "
    return NoTrades("no_signal", f"the strategy gave no signal to enter a {side}position on {_counted(bars)}{also}")


def _at_the_last_bar(bars: Bars, entries: Ints) -> NoTrades:
    return NoTrades(
        "last_bar", f"the first signal to enter came at the last bar, {time_of(bars, int(entries[0]))}: no bar is left"
    )


def _unfilled(placed: Positions, bars: Bars) -> NoTrades:
    if (placed.entry_bar != NONE).any():
        return NoTrades("last_bar", f"the first limit order was reached only at the last bar, {time_of(bars, -1)}")
    orders = "the limit order was not" if len(placed) == 1 else f"none of the {len(placed):,} limit orders was"
    return NoTrades("unfilled", f"{orders} filled: no price reached a limit")


def _unpaid(offered: Positions, terms: Terms, bars: Bars, account: Account) -> NoTrades:
    """Return why the first order could not be paid; all later ones found the same cash."""
    at = f"at the first order, filled {time_of(bars, int(offered.entry_bar[0]))}"
    fraction = float(terms.fraction[0])
    if fraction == 0:
        return NoTrades("volatility", f"{at}, no volatility could be measured yet, by which the order is sized")
    limit = bounds(account.sizing, bars, np.empty(0, np.int64))
    if not account.fractional_shares and limit.shares < 1:
        return NoTrades("size", f"the size, {limit.shares:g} shares, is less than one share")
    budget = min(account.capital * fraction, limit.cash)
    fees = account.commission
    if account.fractional_shares:
        fee = max(fees.fixed, fees.minimum)
        return NoTrades("cash", f"{at}, the commission of {_dollars(fee)} took all of the {_dollars(budget)} to spend")
    cost = max(float(terms.each[0]) + fees.fixed, abs(float(terms.paid[0])) + fees.minimum)
    commission = " with its commission" if cost > abs(float(terms.paid[0])) else ""
    of = f"the order may use {_dollars(budget)} of the cash, " if budget < account.capital else "the cash is "
    have = f"{of}{_dollars(account.capital)}"
    return NoTrades("cash", f"not enough cash for one share: {at}, one cost {_dollars(cost)}{commission}, and {have}")


def _counted(bars: Bars) -> str:
    return f"{len(bars):,} bar{'' if len(bars) == 1 else 's'}"


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 0.01 else f"{amount:.3g}"
