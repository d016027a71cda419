"""What the servers of all providers share: the market data that a test puts there, and disorder in it."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tests.market_data.providers.servers.http_server import HttpServer
from tickfold.engine.bars import COLUMNS, Bars

Row = tuple[int, float, float, float, float, float]
"""Time in microseconds since 1970 UTC, open, high, low, close, volume."""

KEY = "PKTEST-KEY-0123"
SECRET = "s3cret/+of test"  # noqa: S105
"""The credentials that the servers accept."""


@dataclass(frozen=True)
class Price:
    """The latest price of a symbol."""

    price: float
    volume: float
    previous_close: float
    time: datetime
    market_cap: float = 0.0


@dataclass(frozen=True)
class Split:
    day: date
    new: float
    old: float


@dataclass(frozen=True)
class Dividend:
    day: date
    amount: float


class MarketServer(HttpServer):
    """Holds bars by symbol, timeframe and adjustment; daily ones at 00:00 UTC of their dates.

    `disorderly` sends the bars of a response backwards, and some of them twice, the wrong ones first.
    """

    def __init__(self) -> None:
        super().__init__()
        self.prices: dict[str, Price] = {}
        self.splits: dict[str, list[Split]] = {}
        self.dividends: dict[str, list[Dividend]] = {}
        self.disorderly = False
        self.key = KEY
        self.secret = SECRET
        self._rows: dict[tuple[str, str, str], list[Row]] = {}

    def add(self, symbol: str, timeframe: str, bars: Bars, adjustment: str = "raw") -> None:
        """Put bars there, in time order."""
        columns = (getattr(bars, name).tolist() for name in COLUMNS)
        self._rows[symbol, timeframe, adjustment] = list(zip(*columns, strict=True))

    def knows(self, symbol: str) -> bool:
        return symbol in self.prices or any(known == symbol for known, _, _ in self._rows)

    def price_of(self, symbol: str) -> Price | None:
        """Return the latest price; without one, the close of the last bar."""
        bars = [rows[-1] for (known, _, _), rows in self._rows.items() if known == symbol and rows]
        closes = [Price(close, volume, close, utc(at)) for at, _, _, _, close, volume in bars]
        return self.prices.get(symbol) or (closes[-1] if closes else None)

    def rows(self, symbol: str, timeframe: str, adjustment: str, first: int, last: int) -> list[Row]:
        """Return the rows that begin from `first` to `last`, both inclusive."""
        rows = self._rows.get((symbol, timeframe, adjustment), [])
        return rows[bisect_left(rows, (first,)) : bisect_right(rows, (last + 1,))]

    def arranged(self, rows: list[Row]) -> list[Row]:
        """Return rows as they are sent."""
        if not self.disorderly:
            return rows
        wrong = [(at, o * 2, h * 2, low * 2, c * 2, v * 2) for at, o, h, low, c, v in rows[::5]]
        return [*wrong, *reversed(rows)]


def utc(timestamp: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=timestamp)


def microseconds(time: datetime) -> int:
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
