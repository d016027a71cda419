"""The sections of the screen: which columns they have, and how values are written there."""

from datetime import datetime, timedelta
from typing import Final

from tickfold.cli.console import printable
from tickfold.cli.times import in_words, local
from tickfold.cli.top.snapshot import (
    AlertRow,
    FeedRow,
    FillRow,
    PortfolioRow,
    Snapshot,
)
from tickfold.cli.top.table import Cell, Column, Section
from tickfold.protocol.formats import UNDEFINED, decimals_of, money, percent

_UNKNOWN: Final[Cell] = UNDEFINED, "dim"
_STATUS_STYLES: Final = {
    "active": "green",
    "running": "green",
    "paused": "yellow",
    "stopping": "yellow",
    "killed": "bold red",
}
_SIDE_STYLES: Final = {"buy": "green", "sell": "red"}
_SECONDS_SHOWN: Final = 120
"""From so many seconds on an age is in minutes."""
_DECIMALS_OF_FILLS: Final = 4
"""Costs give prices of fills any number of decimals."""


def sections(snapshot: Snapshot) -> tuple[Section, ...]:
    """Return the sections in their order on the screen."""
    read = snapshot.is_complete

    def empty(text: str) -> str:
        return text if read else "reading …"

    told: list[AlertRow | FillRow] = [*snapshot.alerts, *snapshot.fills]
    told.sort(key=lambda row: row.time, reverse=True)
    return (
        Section(_FEED, snapshot.feed, empty("the feed fetches nothing yet: tickfold feed add GOOG")),
        Section(
            _PORTFOLIOS,
            snapshot.portfolios,
            empty("no portfolios yet: tickfold portfolio create growth --cash 10000"),
            note=lambda row: _text(row.reason),
        ),
        Section(_POSITIONS, snapshot.positions, empty("no positions: tickfold order place PORTFOLIO buy 10 GOOG")),
        Section(_BOTS, snapshot.bots, empty("no bots yet"), note=lambda row: _text(row.reason)),
        Section(_told(snapshot.time), told, empty("no alerts or fills yet: tickfold alert add"), is_cut=True),
    )


def _told(now: datetime) -> tuple[Column, ...]:
    """Return the columns of alerts and fills together, the latest first."""
    return (
        Column("Latest", lambda row: (_at(row.time, now), ""), is_text=True),
        Column(
            "of", lambda row: (row.portfolio, "") if isinstance(row, FillRow) else ("alert", "magenta"), is_text=True
        ),
        Column("alerts and fills", lambda row: _fill(row) if isinstance(row, FillRow) else _alert(row), is_text=True),
    )


def _text(text: str | None) -> str | None:
    return printable(text) if text else None


def _price(value: float, like: float | None = None) -> str:
    return f"{value:,.{decimals_of(value if like is None else like)}f}"


def _change(row: FeedRow) -> Cell:
    if row.change is None:
        return _UNKNOWN
    return _signed(percent(row.change), row.change)


def _profit(amount: float) -> Cell:
    return _signed(money(amount), amount)


def _signed(text: str, value: float) -> Cell:
    """Return what rounds to zero without sign and colour."""
    if not any(digit in text for digit in "123456789"):
        return text, ""
    return (f"+{text}", "green") if value > 0 else (text, "red")


def _drawdown(row: PortfolioRow) -> Cell:
    return percent(row.drawdown), ""


def _status(status: str | None) -> Cell:
    return (status, _STATUS_STYLES.get(status, "")) if status else _UNKNOWN


def _clock_time(time: datetime | None) -> Cell:
    return (local(time, "%H:%M"), "dim") if time else _UNKNOWN


def _at(time: datetime, now: datetime) -> str:
    """Return a time; of another day the day too."""
    day = "%Y-%m-%d"
    return local(time, "%H:%M" if local(time, day) == local(now, day) else f"{day} %H:%M")


def _age(row: FeedRow) -> Cell:
    if row.age_seconds is None:
        return "no bar yet", "dim"
    whole = int(row.age_seconds)
    age = f"{whole} s" if whole < _SECONDS_SHOWN else in_words(timedelta(seconds=whole))
    return (f"silent {row.silent_minutes} min", "bold yellow") if row.silent_minutes else (age, "")


def _fill(row: FillRow) -> Cell:
    by = f" ({row.bot})" if row.bot else ""
    price = _price(round(row.price, _DECIMALS_OF_FILLS))
    return f"{row.side} {row.quantity:,g} {row.symbol} at {price}{by}", _SIDE_STYLES[row.side]


def _alert(row: AlertRow) -> Cell:
    return printable(f"{row.title}: {row.text}"), ""


_FEED: Final = (
    Column("Feed", lambda row: (row.symbol, "bold"), is_text=True),
    Column("last", lambda row: (_price(row.last), "") if row.last is not None else _UNKNOWN),
    Column("change", _change, rank=1),
    Column("last bar", lambda row: _clock_time(row.bar_end), rank=2),
    Column("age", _age),
)
_PORTFOLIOS: Final = (
    Column("Portfolio", lambda row: (row.name, "bold"), is_text=True),
    Column("status", lambda row: _status(row.status), is_text=True),
    Column("equity", lambda row: (money(row.equity), "")),
    Column("day", lambda row: _profit(row.day_profit)),
    Column("drawdown", _drawdown, rank=1),
    Column("cash", lambda row: (money(row.cash), ""), rank=3),
    Column("orders", lambda row: (f"{row.open_orders:,}", ""), rank=2),
)
_POSITIONS: Final = (
    Column("Position", lambda row: (row.symbol, "bold"), is_text=True),
    Column("portfolio", lambda row: (row.portfolio, ""), is_text=True, rank=2),
    Column("shares", lambda row: (f"{row.shares:,g}", "")),
    Column("average", lambda row: (_price(row.average_price, row.last_price), ""), rank=1),
    Column("last", lambda row: (_price(row.last_price), "")),
    Column("unrealised", lambda row: _profit(row.unrealised)),
)
_BOTS: Final = (
    Column("Bot", lambda row: (row.bot, "bold"), is_text=True),
    Column("portfolio", lambda row: (row.portfolio, ""), is_text=True, rank=1),
    Column("symbol", lambda row: (row.symbol, ""), is_text=True, rank=2),
    Column("status", lambda row: _status(row.status), is_text=True),
    Column("equity", lambda row: (money(row.equity), "")),
    Column("profit", lambda row: _profit(row.profit)),
)
