"""What the stack has told, folded message by message into what is shown."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from tickfold.cli.top.snapshot import AlertRow, BotRow, FeedRow, FillRow, PortfolioRow, PositionRow, Snapshot
from tickfold.client.bar import Bar
from tickfold.errors import RunError
from tickfold.market_data.exchange_calendar import LONGEST_PAUSE
from tickfold.market_data.feed.silence import silent_session_minutes
from tickfold.portfolios.journal import apply
from tickfold.portfolios.portfolio import drawdown, equity, positions_of
from tickfold.portfolios.times import time_of
from tickfold.protocol import Alert, FeedSymbol, Trade
from tickfold.protocol.journal import BotStep, Fill, JournalEntry
from tickfold.protocol.portfolios import Portfolio

MOST_TOLD: Final = 50
"""Alerts, and fills, that are kept."""
SILENT_MINUTES: Final = 5
"""Minutes of a session without a bar from which on a symbol counts as silent."""
_MINUTE = timedelta(minutes=1)


_FillKey = tuple[str, int, int]
"""The portfolio of a fill, the number of its journal entry, and its place among the entry's events."""


@dataclass(frozen=True)
class BotStatus:
    """What a bot last was said to be, and why."""

    status: str
    reason: str | None = None


class TopState:
    """Feed, portfolios, bots, alerts and fills as far as they are known."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Begin knowing nothing; `clock` tells the time."""
        self.is_complete = False
        """Whether everything has been read that there was at the beginning."""
        self._clock = clock
        self._feed: dict[str, _Watched] = {}
        self._portfolios: dict[str, Portfolio] = {}
        self._bot_statuses: dict[tuple[str, str], BotStatus] = {}
        self._alerts: dict[str, Alert] = {}
        self._fills: dict[_FillKey, FillRow] = {}

    # --- what is told ------------------------------------------------------------------------------------------------

    def set_feed(self, symbols: Iterable[FeedSymbol]) -> None:
        """Show these symbols and no others; what is known of their bars stays."""
        self._feed = {each.symbol: self._feed.get(each.symbol) or _Watched(each) for each in symbols}

    def add_bar(self, symbol: str, bar: Bar, *, is_live: bool) -> None:
        """Take a bar of a symbol; `is_live` says that it comes as soon as it was stored."""
        if symbol in self._feed:
            self._feed[symbol].add(bar, self._clock() if is_live else None)

    def set_portfolio(self, portfolio: Portfolio) -> None:
        """Show a portfolio as it is."""
        self._portfolios[portfolio.portfolio] = portfolio

    def portfolio(self, portfolio: str) -> Portfolio:
        """Return a portfolio as it is known."""
        return self._portfolios[portfolio]

    def add_entry(self, entry: JournalEntry) -> bool:
        """Take an entry of a portfolio's journal. Return whether it could be applied: it is the next, or an old one."""
        portfolio = self._portfolios[entry.portfolio]
        if entry.sequence <= portfolio.revision:
            return True
        if entry.sequence > portfolio.revision + 1:
            return False
        self._portfolios[entry.portfolio] = apply(portfolio, entry)
        self.tell(entry)
        return True

    def tell(self, entry: JournalEntry) -> None:
        """Take the fills, and what bots have done, of an entry that the portfolio may have seen already."""
        portfolio = self._portfolios[entry.portfolio]
        for at, event in enumerate(entry.events):
            key = entry.portfolio, entry.sequence, at
            match event:
                case Fill():
                    self._add_fill(key, _fill(portfolio.name, event))
                case BotStep():
                    self._add_step(key, portfolio.name, event)
                case _:
                    pass

    def add_trades(self, portfolio: str, trades: Iterable[Trade]) -> None:
        """Take fills of a portfolio's past."""
        known = self._portfolios[portfolio]
        for trade in trades:
            sequence, _, at = trade.trade_id.partition("-")
            self._add_fill((portfolio, int(sequence), int(at)), _fill(known.name, trade))

    def set_bot_status(self, portfolio: str, bot: str, status: BotStatus) -> None:
        """Take what a bot is said to be."""
        self._bot_statuses[portfolio, bot] = status

    def add_alert(self, alert: Alert) -> None:
        """Take an alert, each once however often it comes."""
        self._alerts[alert.alert_id] = alert
        for oldest in sorted(self._alerts, key=lambda each: self._alerts[each].at)[:-MOST_TOLD]:
            del self._alerts[oldest]

    def _add_fill(self, key: _FillKey, fill: FillRow) -> None:
        self._fills[key] = fill
        for oldest in self._latest_fills()[MOST_TOLD:]:
            del self._fills[oldest]

    def _latest_fills(self) -> list[_FillKey]:
        return sorted(self._fills, key=lambda key: (self._fills[key].time, key), reverse=True)

    def _add_step(self, key: _FillKey, portfolio: str, step: BotStep) -> None:
        if step.side and step.quantity is not None and step.price is not None:
            what = (step.symbol, step.side, step.quantity, step.price)
            self._add_fill(key, FillRow(time_of(step.time), portfolio, *what, bot=step.bot))
        if status := _status_after(step):
            self.set_bot_status(key[0], step.bot, status)

    # --- what is shown -----------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Return what there is to show now."""
        now, portfolios = self._clock(), sorted(self._portfolios.values(), key=lambda each: each.name)
        alerts = sorted(self._alerts.values(), key=lambda each: each.at, reverse=True)
        return Snapshot(
            time=now,
            is_complete=self.is_complete,
            feed=tuple(self._feed[symbol].row(now) for symbol in sorted(self._feed)),
            portfolios=tuple(map(_portfolio_row, portfolios)),
            positions=tuple(row for each in portfolios for row in _position_rows(each)),
            bots=tuple(row for each in portfolios for row in self._bot_rows(each)),
            alerts=tuple(AlertRow(time_of(each.at), each.title, each.text) for each in alerts),
            fills=tuple(self._fills[key] for key in self._latest_fills()),
        )

    def _bot_rows(self, portfolio: Portfolio) -> Iterable[BotRow]:
        for name, sleeve in sorted(portfolio.bots.items()):
            told = self._bot_statuses.get((portfolio.portfolio, name))
            yield BotRow(
                portfolio.name,
                name,
                sleeve.symbol,
                told.status if told else None,
                told.reason if told else None,
                sleeve.equity,
                sleeve.equity - sleeve.capital,
            )


class _Watched:
    """A symbol of the feed: the open of its session, and its last bar. A session is a UTC day, as in all markets."""

    def __init__(self, symbol: FeedSymbol) -> None:
        self._symbol = symbol
        self._last: Bar | None = None
        self._open = 0.0
        self._came: datetime | None = None
        """When the last bar came, if it is replayed."""

    def add(self, bar: Bar, came: datetime | None) -> None:
        if self._last is None or self._last.time.date() != bar.time.date():
            self._open = bar.open
        self._last = bar
        self._came = came if came and came - bar.time > LONGEST_PAUSE else None

    def row(self, now: datetime) -> FeedRow:
        symbol, end = self._symbol, self._end()
        age = None if end is None else max((now - (self._came or end)).total_seconds(), 0.0)
        change = self._last.close / self._open - 1 if self._last else None
        return FeedRow(
            symbol.symbol, self._last.close if self._last else None, change, end, age, self._silent_minutes(end, now)
        )

    def _end(self) -> datetime | None:
        if self._last:
            return self._last.time + _MINUTE
        return None if self._symbol.last_bar is None else time_of(self._symbol.last_bar) + _MINUTE

    def _silent_minutes(self, end: datetime | None, now: datetime) -> int | None:
        if end is None or now - end > LONGEST_PAUSE:
            return None
        with suppress(RunError):  # the calendar ends before today
            silent = silent_session_minutes(self._symbol.market, [end], now)
            return silent if silent is not None and silent >= SILENT_MINUTES else None
        return None


def _portfolio_row(portfolio: Portfolio) -> PortfolioRow:
    worth = equity(portfolio)
    return PortfolioRow(
        name=portfolio.name,
        portfolio=portfolio.portfolio,
        status=portfolio.status,
        reason=portfolio.reason,
        cash=portfolio.cash,
        equity=worth,
        day_profit=worth - portfolio.day_start_equity,
        drawdown=drawdown(portfolio) or 0.0,
        open_orders=len(portfolio.orders),
    )


def _position_rows(portfolio: Portfolio) -> Iterable[PositionRow]:
    for held in positions_of(portfolio).positions:
        average = held.cost / held.quantity
        yield PositionRow(portfolio.name, held.symbol, held.quantity, average, held.close, held.unrealised)


def _fill(portfolio: str, fill: Fill) -> FillRow:
    what = (fill.symbol, fill.side, fill.quantity, fill.price)
    return FillRow(time_of(fill.time), portfolio, *what, order_id=fill.order_id)


def _status_after(step: BotStep) -> BotStatus | None:
    """Return what a step says of its bot's status; None if nothing."""
    match step.what:
        case "started" | "resumed":
            return BotStatus("running")
        case "paused":
            return BotStatus("paused", step.reason)
        case "stopping" | "stopped":
            return BotStatus(step.what)
        case "entry" | "exit" | "adopted" | "limits_set" | "caught_up":
            return None
