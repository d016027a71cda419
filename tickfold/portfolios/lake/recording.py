"""Recording: what an entry of a journal says, as rows of the lake's tables."""

from typing import Any, Final

from tickfold.portfolios.journal import apply, each_applied
from tickfold.portfolios.lake.checkpoint import Checkpoint
from tickfold.portfolios.lake.round_trips import OpenRoundTrips, RoundTrip
from tickfold.portfolios.portfolio import equity, exposure
from tickfold.portfolios.store import orders_after
from tickfold.portfolios.times import DAY
from tickfold.protocol.journal import (
    Allocated,
    AllocationReturned,
    BarSeen,
    BotStep,
    Deposit,
    Fill,
    JournalEntry,
    JournalEvent,
    PositionKept,
    Withdrawal,
)
from tickfold.protocol.portfolio_orders import Order
from tickfold.protocol.portfolios import Portfolio

Row = dict[str, Any]
TABLES: Final = (
    "portfolio_orders",
    "portfolio_fills",
    "portfolio_trades",
    "portfolio_cash_flows",
    "portfolio_equity",
)
"""The tables of portfolios, in the order in which they are written."""
_MICROSECONDS: Final = 1_000


def recorded(before: Checkpoint, entry: JournalEntry) -> tuple[Checkpoint, dict[str, list[Row]]]:
    """Return the checkpoint after the next entry of a journal, and the entry's rows by table.

    Events of kinds that have no table are passed over.

    Raises:
        ValueError: it is not the next entry.
    """
    # The clocks of those who write differ a little: no entry is of a day before that of the last one.
    days = max(before.days, entry.time // DAY)
    after = before.model_copy(update={"portfolio": apply(before.portfolio, entry), "days": days})
    recording = _Recording(before, after, entry)
    recording.carry_out()
    return after.model_copy(update={"open": recording.open, "points": recording.points}), recording.rows


class _Recording:
    """The rows of one entry. `open` is what it leaves open, `points` how many points of equity there are then."""

    def __init__(self, before: Checkpoint, after: Checkpoint, entry: JournalEntry) -> None:
        self.open: OpenRoundTrips = before.open
        self.points = before.points
        self.rows: dict[str, list[Row]] = {table: [] for table in TABLES}
        self._before, self._entry = before.portfolio, entry
        portfolio = after.portfolio
        self._common: Row = {
            "portfolio": portfolio.portfolio,
            "owner": portfolio.owner,
            "name": portfolio.name,
            "day": after.day,
            "sequence": entry.sequence,
        }

    def carry_out(self) -> None:
        for order in orders_after(self._before, self._entry).values():
            self._add("portfolio_orders", **_order(order), timestamp=self._written, changed_by=self._entry.by)
        portfolio = self._before
        closing = _last_of_each_minute(self._entry.events)
        for number, (event, before, portfolio) in enumerate(each_applied(self._before, self._entry)):
            self._record(number, event, before, portfolio)
            if number in closing:
                self._add_equity(portfolio, closing[number])
        if not self._entry.events or not isinstance(self._entry.events[-1], BarSeen):
            last_bar = max(closing.values(), default=None)
            self._add_equity(portfolio, self._entry.time if last_bar is None else last_bar)

    def _record(self, number: int, event: JournalEvent, before: Portfolio, after: Portfolio) -> None:
        match event:
            case Fill():
                self._add_fill(number, event)
                self.open, closed = self.open.after_fill(before, event, after)
                self._add_trade(number, closed)
            case BotStep(what="entry" | "exit"):
                self._add_bot_fill(number, event)
                self.open, closed = self.open.after_step(event)
                self._add_trade(number, closed)
            case Deposit():
                self._add_cash_flow(number, event.type, event.amount, None)
            case Withdrawal():
                self._add_cash_flow(number, event.type, -event.amount, None)
            case Allocated():
                self._add_cash_flow(number, event.type, -event.amount, event.bot)
            case AllocationReturned():
                self._add_cash_flow(number, event.type, event.amount, event.bot)
            case PositionKept():
                self._add_cash_flow(number, event.type, event.cash, event.bot)
                self.open = self.open.after_kept(event, self._entry.time)

    # --- rows --------------------------------------------------------------------------------------------------------

    @property
    def _written(self) -> int:
        return self._entry.time * _MICROSECONDS

    def _trade_id(self, number: int) -> str:
        """Return the id of a fill, as the protocol has it."""
        return f"{self._entry.sequence}-{number}"

    def _add(self, table: str, **row: Any) -> None:
        self.rows[table].append({**self._common, **row})

    def _add_fill(self, number: int, fill: Fill) -> None:
        self._add(
            "portfolio_fills",
            event=number,
            trade_id=self._trade_id(number),
            timestamp=fill.time * _MICROSECONDS,
            bot=None,
            order_id=fill.order_id,
            symbol=fill.symbol,
            side=fill.side,
            quantity=fill.quantity,
            price=fill.price,
            market_price=fill.market_price,
            commission=fill.commission,
        )

    def _add_bot_fill(self, number: int, step: BotStep) -> None:
        """Add a bot's fill with its own commission: that of an exit is told with its entry's."""
        commission = step.commission or 0.0
        if step.what == "exit" and (entry := self.open.bots.get(step.bot)):
            commission -= entry.commission
        self._add(
            "portfolio_fills",
            event=number,
            trade_id=self._trade_id(number),
            timestamp=step.time * _MICROSECONDS,
            bot=step.bot,
            order_id=None,
            symbol=step.symbol,
            side=step.side,
            quantity=step.quantity,
            price=step.price,
            market_price=None,
            commission=commission,
        )

    def _add_trade(self, number: int, closed: RoundTrip | None) -> None:
        if closed is None:
            return
        self._add(
            "portfolio_trades",
            trade_id=self._trade_id(number),
            bot=closed.bot,
            symbol=closed.symbol,
            side=closed.side,
            quantity=closed.quantity,
            entry_time=closed.entry_time * _MICROSECONDS,
            entry_price=closed.entry_price,
            exit_time=closed.exit_time * _MICROSECONDS,
            exit_price=closed.exit_price,
            pnl=closed.pnl,
            trade_return=closed.trade_return,
            commission=closed.commission,
            exit_reason=closed.exit_reason,
        )

    def _add_cash_flow(self, number: int, kind: str, amount: float, bot: str | None) -> None:
        self._add("portfolio_cash_flows", event=number, timestamp=self._written, kind=kind, bot=bot, amount=amount)

    def _add_equity(self, portfolio: Portfolio, time: int) -> None:
        self.points += 1
        self._add(
            "portfolio_equity",
            number=self.points,
            timestamp=time * _MICROSECONDS,
            equity=equity(portfolio),
            cash=portfolio.cash,
            exposure=exposure(portfolio),
            deposits=portfolio.deposits,
            realised=portfolio.realised,
            status=portfolio.status,
        )


def _last_of_each_minute(events: list[JournalEvent]) -> dict[int, int]:
    """Return the time of each bar after which there is none of its minute, by its place among the events."""
    last = {event.time: number for number, event in enumerate(events) if isinstance(event, BarSeen)}
    return {number: time for time, number in last.items()}


def _order(order: Order) -> Row:
    terms = order.terms
    return {
        "order_id": order.order_id,
        "number": order.number,
        "parent": order.parent,
        "symbol": terms.symbol,
        "side": terms.side,
        "kind": terms.kind,
        "time_in_force": terms.time_in_force,
        "reduce_only": terms.reduce_only,
        "quantity": terms.quantity,
        "limit_price": terms.limit,
        "stop_price": terms.stop,
        "trail": terms.trail,
        "status": order.status,
        "filled": order.filled,
        "average_price": order.value / order.filled if order.filled else None,
        "placed_at": order.placed_at * _MICROSECONDS,
        "expires_at": None if order.expires_at is None else order.expires_at * _MICROSECONDS,
        "reason": order.reason,
    }
