"""What is shown at a moment: rows of plain values. Amounts are dollars, ratios fractions, times UTC."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

Rows = tuple[Any, ...]


@dataclass(frozen=True)
class FeedRow:
    """A symbol of the feed; what is None is not known yet."""

    symbol: str
    last: float | None
    change: float | None
    """Since the session's open, as a fraction of it."""
    bar_end: datetime | None
    """Of the last bar."""
    age_seconds: float | None
    """Since then; of bars that are replayed, since the last one came."""
    silent_minutes: int | None
    """Minutes of the session without a bar, where they are so many that something is wrong."""


@dataclass(frozen=True)
class PortfolioRow:
    """A portfolio. The day is that of its last bar, in UTC."""

    name: str
    portfolio: str
    status: str
    reason: str | None
    cash: float
    equity: float
    day_profit: float
    drawdown: float
    """How far below its highest equity it is, as a fraction of that; 0 at the highest."""
    open_orders: int


@dataclass(frozen=True)
class PositionRow:
    """Shares of a symbol in a portfolio, negative of a short position."""

    portfolio: str
    symbol: str
    shares: float
    average_price: float
    last_price: float
    unrealised: float


@dataclass(frozen=True)
class BotRow:
    """A bot of a portfolio; its status is None while nothing has told it."""

    portfolio: str
    bot: str
    symbol: str
    status: str | None
    reason: str | None
    equity: float
    profit: float


@dataclass(frozen=True)
class FillRow:
    """Shares that were bought or sold, of an order or by a bot. `time` is the start of the bar."""

    time: datetime
    portfolio: str
    symbol: str
    side: str
    quantity: float
    price: float
    order_id: str | None = None
    bot: str | None = None


@dataclass(frozen=True)
class AlertRow:
    """An alert."""

    time: datetime
    title: str
    text: str


@dataclass(frozen=True)
class Snapshot:
    """All rows; `is_complete` says that nothing is still to be read."""

    time: datetime
    is_complete: bool
    feed: tuple[FeedRow, ...] = ()
    portfolios: tuple[PortfolioRow, ...] = ()
    positions: tuple[PositionRow, ...] = ()
    bots: tuple[BotRow, ...] = ()
    alerts: tuple[AlertRow, ...] = ()
    """The latest first, and so are the fills."""
    fills: tuple[FillRow, ...] = ()

    def ordered(self, order: str) -> "Snapshot":
        """Return the snapshot with its portfolios in one of `ORDERS`."""
        return replace(self, portfolios=tuple(sorted(self.portfolios, key=ORDERS[order])))

    def document(self) -> dict[str, Any]:
        """Return what `--json` writes."""
        found = asdict(self)
        del found["is_complete"]
        plain: dict[str, Any] = _plain(found)
        return plain


ORDERS: Final[dict[str, Callable[[PortfolioRow], Any]]] = {
    "name": lambda row: row.name,
    "equity": lambda row: (-row.equity, row.name),
    "day": lambda row: (-row.day_profit, row.name),
    "drawdown": lambda row: (-row.drawdown, row.name),
}
"""The orders of portfolios: amounts and drawdowns from the largest on."""


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%SZ}"
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
    return value
