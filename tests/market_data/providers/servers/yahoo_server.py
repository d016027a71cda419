"""Yahoo's chart API as it is observed to respond: it has no public documentation."""

from datetime import UTC, datetime, time, timedelta
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import numpy as np

from tests.market_data.providers.servers.http_server import Json, Received, Reply
from tests.market_data.providers.servers.market_server import MarketServer, Row, microseconds, utc

_ZONE = ZoneInfo("America/New_York")
_INTERVALS = {"1m": "1m", "5m": "5m", "15m": "15m", "30m": "30m", "1d": "1d"}
_HISTORY = {"1m": 30, "5m": 60, "15m": 60, "30m": 60}
_MOST_DAYS = {"1m": 7}


class YahooServer(MarketServer):
    """With `now`, older minutes than Yahoo keeps are refused. `live` adds the row of the latest trade.

    Prices are single-precision numbers with the digits of a double. `nulls` are minutes that have a row of nulls.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime | None = None
        self.live: Row | None = None
        self.nulls: list[int] = []

    def respond(self, request: Received) -> Reply:
        prefix = "/v8/finance/chart/"
        if not request.path.startswith(prefix):
            return Reply("Not Found", 404)
        if "user-agent" not in request.headers or request.headers["user-agent"].startswith("python-urllib3"):
            return Reply("Too Many Requests\r\n", 429)
        symbol, query = unquote(request.path.removeprefix(prefix)), request.query
        if not self.knows(symbol):
            return _error(404, "Not Found", "No data found, symbol may be delisted")
        meta = self._meta(symbol)
        if query.get("range"):
            return Reply({"chart": {"result": [{"meta": meta}], "error": None}})
        first, last = int(query["period1"]), int(query["period2"])
        interval = query["interval"]
        if refused := self._refused(interval, first, last):
            return refused
        adjusted = self.rows(symbol, interval, "all", 0, 1 << 62)
        rows = self.rows(symbol, _INTERVALS[interval], "splits", 0, 1 << 62)
        rows = [_at_open(row) for row in rows] if interval == "1d" else rows
        rows = [row for row in rows if first * 1_000_000 <= row[0] < last * 1_000_000]
        if not rows and interval == "1m" and self.now:
            return _error(400, "Bad Request", f"Data doesn't exist for startDate = {first}, endDate = {last}")
        rows = self.arranged(rows) + ([self.live] if self.live else [])
        result = {"meta": meta, "indicators": _indicators(rows, self.nulls)}
        if rows:
            result["timestamp"] = [row[0] // 1_000_000 for row in rows] + self.nulls
        if interval == "1d":
            closes = {_at_open(row)[0]: row[4] for row in adjusted}
            result["indicators"]["adjclose"] = [{"adjclose": [_single(closes.get(row[0], row[4])) for row in rows]}]
            result["events"] = self._events(symbol, first, last)
        return Reply({"chart": {"result": [result], "error": None}})

    def _refused(self, interval: str, first: int, last: int) -> Reply | None:
        if last - first > _MOST_DAYS.get(interval, 1 << 20) * 86_400:
            only = "Only 7 days worth of 1m granularity data are allowed to be fetched per request."
            return _error(422, "Unprocessable Entity", f"{interval} data not available. {only}")
        days = _HISTORY.get(interval)
        if self.now and days and first < (self.now - timedelta(days=days)).timestamp():
            times = f"startTime={first} and endTime={last}"
            within = f"The requested range must be within the last {days} days."
            return _error(422, "Unprocessable Entity", f"{interval} data not available for {times}. {within}")
        return None

    def _meta(self, symbol: str) -> Json:
        price = self.price_of(symbol)
        assert price
        return {
            "symbol": symbol,
            "exchangeTimezoneName": "America/New_York",
            "regularMarketPrice": price.price,
            "regularMarketTime": microseconds(price.time) // 1_000_000,
            "regularMarketVolume": int(price.volume),
            "chartPreviousClose": price.previous_close,
        }

    def _events(self, symbol: str, first: int, last: int) -> Json:
        """Return the events of the range. Dividends are in the shares of today: later splits have changed them."""
        splits, dividends = dict[str, Json](), dict[str, Json]()
        for split in self.splits.get(symbol, []):
            at = int(datetime.combine(split.day, time(9, 30), _ZONE).timestamp())
            event = {"date": at, "numerator": split.new, "denominator": split.old}
            splits[str(at)] = event | {"splitRatio": f"{split.new}:{split.old}"}
        for dividend in self.dividends.get(symbol, []):
            at = int(datetime.combine(dividend.day, time(9, 30), _ZONE).timestamp())
            amount = dividend.amount
            for split in self.splits.get(symbol, []):
                amount = amount / split.new * split.old if split.day > dividend.day else amount
            dividends[str(at)] = {"date": at, "amount": amount}
        events = {"splits": splits, "dividends": dividends}
        return {
            name: {key: event for key, event in found.items() if first <= int(key) < last}
            for name, found in events.items()
        }


def _indicators(rows: list[Row], nulls: list[int]) -> Json:
    names = ("open", "high", "low", "close")
    columns: Json = {
        name: [_single(row[at]) for row in rows] + [None for _ in nulls] for at, name in enumerate(names, 1)
    }
    return {"quote": [columns | {"volume": [int(row[5]) for row in rows] + [None for _ in nulls]}]}


def _single(price: float) -> float:
    return float(np.float32(price))


def _error(status: int, code: str, description: str) -> Reply:
    return Reply({"chart": {"result": None, "error": {"code": code, "description": description}}}, status)


def _at_open(row: Row) -> Row:
    """Return a daily row at the session's opening."""
    opens = datetime.combine(utc(row[0]).date(), time(9, 30), _ZONE)
    return microseconds(opens.astimezone(UTC)), *row[1:]
