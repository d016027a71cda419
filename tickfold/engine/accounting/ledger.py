"""The ledger: an account's cash and shares from block to block of a run's bars. Only here is money counted.

Cash, at most one position, and what they carry from one block to the next. Any cut of a run into blocks, down to one
bar, gives the same trades, cash and equity, to the last bit.
"""

from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tickfold.engine.accounting.account import Account
from tickfold.engine.accounting.block_posting import BlockPosting, Opening, entry_price, fee
from tickfold.engine.accounting.holdings import Holdings
from tickfold.engine.accounting.no_trades import NoTrades, Unopened
from tickfold.engine.accounting.sizing import CashFraction, Closes
from tickfold.engine.accounting.trades import OpenTrade, Trades
from tickfold.engine.arrays import Floats, Ints
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.automaton import Decisions
from tickfold.engine.decisions.carried import Carried, OpenPosition, WorkingOrder
from tickfold.engine.decisions.fold import Joined, join, placed_order
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.positions import Positions

_Number = TypeVar("_Number", bound=np.generic)


@dataclass(frozen=True, eq=False)
class LedgerState:
    """An account between two bars.

    Attributes:
        carried: the target position, and what is ordered or held for it.
        cash: dollars.
        quantity: shares held, of either side.
        entry_time: when the position was opened, in microseconds since 1970 UTC.
        fraction: of the cash that the working order may use.
        in_sequence: whether an order of the target was rejected; its bars are then decided in sequence.
        ruined: whether a close left no equity, which ends trading.
        slippage_cost: dollars, of closed trades.
        sequential_bars: bars that were decided in sequence.
        replayed_bars: bars that were looked at again because a chunk did not know what was carried into it.
        past: the closes that the volatility of the next bars is measured on.
        unopened: what became of the orders, as long as none opened a position.
    """

    carried: Carried
    cash: float
    quantity: float = 0.0
    entry_time: int = 0
    fraction: float = 1.0
    in_sequence: bool = False
    ruined: bool = False
    slippage_cost: float = 0.0
    sequential_bars: int = 0
    replayed_bars: int = 0
    past: Closes = field(default_factory=Closes.none)
    unopened: Unopened | None = field(default_factory=Unopened)


@dataclass(frozen=True, eq=False)
class Postings:
    """What the ledger posts over a block of bars.

    Attributes:
        trades: those closed in the block, in the order of their exits.
        entry_time: when each was opened, in microseconds since 1970 UTC, shape (trades,).
        exit_time: when each was closed.
        slippage_cost: dollars by which spread and slippage made each one's fills worse.
        holdings: cash and shares after each fill, of bars counted from the block's first.
        equity: cash plus shares at the close, in dollars.
    """

    trades: Trades
    entry_time: Ints
    exit_time: Ints
    slippage_cost: Floats
    holdings: Holdings
    equity: Floats


class Ledger:
    """The ledger of `account`, whose positions follow from decisions under `orders`."""

    def __init__(self, account: Account, orders: Orders, state: LedgerState | None = None) -> None:
        self.account, self._orders = account, orders
        self.state = state or LedgerState(Carried(), float(account.capital))

    @property
    def open_trade(self) -> OpenTrade | None:
        """The position that is held."""
        held = self.state.carried.position
        if held is None:
            return None
        costs = self._entry_costs(held)
        return OpenTrade(held.side, self.state.quantity, held.entry_bar, costs.paid, costs.commission)

    @property
    def slippage_cost(self) -> float:
        """Dollars by which spread and slippage made fills worse, the open trade's entry included."""
        held = self.state.carried.position
        return self.state.slippage_cost + (self._entry_costs(held).slippage if held else 0.0)

    def no_trades(self, *, lookback: int, uses_volume: bool) -> NoTrades | None:
        """Return why no position was opened, or None if one was.

        `lookback` is the strategy's; `uses_volume` says whether its signals depend on volume.
        """
        if self.state.unopened is None:
            return None
        return self.state.unopened.why(self.account, self._orders, lookback=lookback, uses_volume=uses_volume)

    def _entry_costs(self, held: OpenPosition) -> "_EntryCosts":
        side, price = np.array([held.side], dtype=np.int8), np.array([held.entry_price])
        quantity = np.array([self.state.quantity])
        paid = entry_price(price, side, self.account, self._orders)
        charged = fee(self.account.commission, quantity, quantity * paid)
        return _EntryCosts(float(paid[0]), float(charged[0]), float((np.abs(paid - price) * quantity)[0]))

    def post(self, bars: Bars, decisions: Decisions, *, last: bool) -> Postings:
        """Post what follows from the `decisions` over the next `bars`, made from a flat start and counted from 0.

        `last` says that the run ends with them: a decision at the last bar is not carried out, and a position may be
        closed there. An order that cash does not pay for is rejected; its target tries again at the strategy's next
        signal event. Where a bar's close leaves no equity, the account is ruined: the position is closed at that close,
        and trading ends.
        """
        state, fraction = self.state, CashFraction(self.account.sizing, self.state.past, bars)
        if state.ruined:
            return _idle(state.cash, 0.0, np.full(len(bars), state.cash))
        if quiet := self._quiet(bars, decisions, fraction, last=last):
            return quiet
        joined = join(state.carried, bars, decisions, self._orders)
        posting, ruin = self._posting(joined, bars, fraction, last=last), None
        posting.post(joined.positions)
        postings = self._postings(posting, bars)
        if postings.equity.min() <= 0:
            ruin = int((postings.equity <= 0).argmax())
            until_ruin = self._posting(joined, bars, fraction, last=last, ruin=ruin)
            until_ruin.post(posting.positions)
            postings = self._postings(until_ruin, bars)
        after = replace(
            self._carried_over(posting, joined, bars) if ruin is None else LedgerState(Carried(), 0.0, ruined=True),
            cash=float(postings.holdings.cash[-1]),
            slippage_cost=_sum(state.slippage_cost, postings.slippage_cost),
            sequential_bars=state.sequential_bars + posting.sequential_bars(ruin),
            replayed_bars=state.replayed_bars + decisions.replayed_bars + joined.replayed_bars,
            past=fraction.past(),
        )
        unopened = state.unopened
        if unopened:
            opened = len(posting.positions)
            unopened = None if opened else unopened.after(bars, joined, posting.offered, last=last)
        self.state = replace(after, unopened=unopened)
        return postings

    def _quiet(self, bars: Bars, decisions: Decisions, fraction: CashFraction, *, last: bool) -> Postings | None:
        """Fast path: post `bars` in which nothing can be decided or filled; None if something may be.

        Most steps of one bar are so.
        """
        state, held = self.state, self.state.carried.position
        if len(decisions.events) or state.carried.order or state.in_sequence or state.unopened:
            return None
        if held and (last or self._orders.exits or held.side != state.carried.target):
            return None
        shares = held.side * state.quantity if held else 0.0
        equity = shares * bars.close
        equity += state.cash
        if equity.min() <= 0:
            return None
        closes = fraction.past()
        self.state = replace(
            state,
            carried=replace(state.carried, bars=state.carried.bars + len(bars)),
            fraction=1.0,
            replayed_bars=state.replayed_bars + (len(bars) if held else 0),
            past=closes,
        )
        return _idle(state.cash, shares, equity)

    def _posting(
        self, joined: Joined, bars: Bars, fraction: CashFraction, *, last: bool, ruin: int | None = None
    ) -> BlockPosting:
        state = self.state
        held = state.quantity if state.carried.position else 0.0
        opening = Opening(state.cash, held, state.fraction, state.in_sequence)
        return BlockPosting(opening, joined, bars, self.account, self._orders, fraction=fraction, last=last, ruin=ruin)

    def _postings(self, posting: BlockPosting, bars: Bars) -> Postings:
        positions, quantity, count = posting.positions, posting.quantity, len(bars)
        paid, received = posting.prices(positions)
        known, fees = positions.known, self.account.commission
        signed = positions.side * quantity
        bought, sold = signed * paid, signed * received
        entry_fee, exit_fee = fee(fees, quantity, bought), np.where(known, fee(fees, quantity, sold), 0.0)
        entry_flow, exit_flow = -(bought + entry_fee), np.where(known, sold - exit_fee, 0.0)
        worse = np.abs(paid - positions.entry_price)
        worse += np.where(known, np.abs(received - positions.exit_price), 0)
        first, held = self.state.carried.bars, self.state.carried.position
        entry_bar, entry_time = positions.entry_bar + first, bars.timestamp[positions.entry_bar]
        if held:  # its entry was posted in an earlier block
            entry_flow[0], entry_bar[0], entry_time[0] = 0.0, held.entry_bar, self.state.entry_time
        flows = np.concatenate([[self.state.cash], _in_turn(entry_flow, exit_flow)])
        holdings = Holdings(
            bar=np.concatenate([[0], _in_turn(positions.entry_bar, np.where(known, positions.exit_bar, count))]),
            cash=np.add.accumulate(flows),  # in order, as posting adds
            shares=np.concatenate([[0.0], _in_turn(signed, np.zeros(len(signed)))]),
        )
        cash, equity = holdings.at_closes(count)
        equity *= bars.close
        equity += cash
        trades = Trades(
            side=positions.side,
            quantity=quantity,
            entry_bar=entry_bar,
            entry_price=paid,
            exit_bar=positions.exit_bar + first,
            exit_price=received,
            commission=entry_fee + exit_fee,
            reason=positions.reason,
        )
        closed = slice(int(np.count_nonzero(known)))  # only the last can be open
        return Postings(
            trades=trades[closed],
            entry_time=entry_time[closed],
            exit_time=bars.timestamp[positions.exit_bar[closed]],
            slippage_cost=(worse * quantity)[closed],
            holdings=holdings,
            equity=equity,
        )

    def _carried_over(self, posting: BlockPosting, joined: Joined, bars: Bars) -> LedgerState:
        """Return a state with what is ordered and held after `bars`."""
        carried, events = self.state.carried, joined.events
        working, latest = posting.working, posting.positions[-1:]
        order, position, fraction, entry_time = None, None, 1.0, 0
        if len(working):
            placed = placed_order(carried, joined, bars, working.event)
            order = WorkingOrder(int(placed.decided[0]) + carried.bars, float(placed.close[0]))
            fraction = float(posting.fractions(working)[0])
        if len(latest) and not latest.known[0]:
            since_before = carried.position is not None and len(posting.positions) == 1
            position = self._held(latest, joined, bars, since_before=since_before)
            entry_time = self.state.entry_time if since_before else int(bars.timestamp[latest.entry_bar[0]])
        return LedgerState(
            carried=Carried(
                bars=carried.bars + len(bars),
                target=int(events.side[-1]) if len(events) else 0,
                order=order,
                position=position,
            ),
            cash=0.0,
            quantity=float(posting.quantity[-1]) if position else 0.0,
            entry_time=entry_time,
            fraction=fraction,
            in_sequence=posting.in_sequence,
        )

    def _held(self, latest: Positions, joined: Joined, bars: Bars, *, since_before: bool) -> OpenPosition:
        """Return the `latest` position as it is held after `bars`; `since_before` says that it was before them too."""
        carried, side = self.state.carried, int(latest.side[0])
        if carried.position and since_before:
            return replace(carried.position, best=self._best(side, bars, 0, carried.position.best))
        placed = placed_order(carried, joined, bars, latest.event)
        fills = self._orders.entry.fill(bars, placed, self._orders.fill)
        since, price = int(fills.since[0]), float(fills.price[0])
        best = self._best(side, bars, since + 1 + int(fills.intrabar[0]), side * price)
        return OpenPosition(side, int(fills.bar[0]) + carried.bars, price, since + carried.bars, best)

    def _best(self, side: int, bars: Bars, first: int, before: float) -> float:
        """Return the best price from the bar `first` on, or `before`, as far as an exit looks at it."""
        ahead = (bars.high if side > 0 else bars.low)[max(first, 0) :]
        if self._orders.fixed_levels or not len(ahead):
            return before
        return max(before, side * float(ahead.max() if side > 0 else ahead.min()))


@dataclass(frozen=True)
class _EntryCosts:
    """The price paid at an entry, its commission, and by how much spread and slippage made it worse, in dollars."""

    paid: float
    commission: float
    slippage: float


def _sum(before: float, values: Floats) -> float:
    """Add `values` in their order, so that any cut gives the same sum."""
    return float(np.add.accumulate(np.append(before, values))[-1])


def _in_turn(entry: npt.NDArray[_Number], exit_: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    return np.column_stack([entry, exit_]).ravel()


def _idle(cash: float, shares: float, equity: Floats) -> Postings:
    """Return the postings of bars without a fill."""
    none = np.empty(0, dtype=np.int64)
    trades = Trades(
        np.empty(0, np.int8), np.empty(0), none, np.empty(0), none, np.empty(0), np.empty(0), np.empty(0, np.int8)
    )
    holdings = Holdings(np.zeros(1, dtype=np.int64), np.array([cash]), np.array([shares]))
    return Postings(trades, none, none, np.empty(0), holdings, equity)
