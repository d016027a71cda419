"""Schwab's market data API as developer.schwab.com describes it: price history and quotes.

Like the real one, it responds with whole days, whatever the times of a request.
"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.market_data.providers.servers.http_server import Json, Received, Reply
from tests.market_data.providers.servers.market_server import MarketServer, Row, microseconds, utc

_ZONE = ZoneInfo("America/New_York")
_MIDNIGHTS = ZoneInfo("America/Chicago")
_FREQUENCIES = {"minute": {"1", "5", "10", "15", "30"}, "daily": {"1"}, "weekly": {"1"}, "monthly": {"1"}}
_TYPES = {"day": {"minute"}, "month": {"daily", "weekly"}, "year": {"daily", "weekly", "monthly"}}
_LONGEST_DAYS = 10


class SchwabServer(MarketServer):
    """Accepts the access token `key`."""

    def refusal(self) -> Reply:
        error = {"id": "0", "status": 401, "title": "Unauthorized", "detail": f"Client not authorized {self.key}"}
        return Reply({"errors": [error]}, 401)

    def respond(self, request: Received) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return self.refusal()
        match request.path:
            case "/pricehistory":
                return self._history(request.query)
            case "/quotes":
                return self._quotes(request.query["symbols"].split(","))
        return Reply({"errors": [{"status": 404, "title": "Not Found"}]}, 404)

    def _history(self, query: dict[str, str]) -> Reply:
        kind, frequency = query["frequencyType"], query.get("frequency", "1")
        if kind not in _TYPES.get(query["periodType"], set()) or frequency not in _FREQUENCIES[kind]:
            error = {"status": 400, "title": "Bad Request", "detail": "invalid combination of period and frequency"}
            return Reply({"errors": [error]}, 400)
        first, last = (int(query[name]) * 1_000 for name in ("startDate", "endDate"))
        if kind == "minute":
            first, last = _whole_days(first, last)
            rows = self.rows(query["symbol"], f"{frequency}m", "splits", first, last)
            if query.get("needExtendedHoursData", "true") != "false":
                rows = [(row[0] - 5 * 3_600 * 1_000_000, *row[1:]) for row in rows] + rows
        else:
            stored = self.rows(query["symbol"], "1d", "splits", 0, 1 << 62)
            rows = [row for row in map(_at_midnight, stored) if first <= row[0] <= last]
        candles = [
            {"open": o, "high": h, "low": low, "close": c, "volume": int(v), "datetime": at // 1_000}
            for at, o, h, low, c, v in self.arranged(rows)
        ]
        return Reply({"symbol": query["symbol"], "empty": not candles, "candles": candles})

    def _quotes(self, symbols: list[str]) -> Reply:
        found: Json = {}
        for symbol in symbols:
            if not (price := self.price_of(symbol)):
                continue
            fields = {"lastPrice": price.price, "totalVolume": int(price.volume), "closePrice": price.previous_close}
            trade = microseconds(price.time) // 1_000
            found[symbol] = {"symbol": symbol, "realtime": True, "quote": fields | {"tradeTime": trade}}
        unknown = [symbol for symbol in symbols if symbol not in found]
        return Reply(found | ({"errors": {"invalidSymbols": unknown}} if unknown else {}))


def _whole_days(first: int, last: int) -> tuple[int, int]:
    start, end = (datetime.combine(utc(each).astimezone(_ZONE).date(), time(0), _ZONE) for each in (first, last))
    assert end - start <= timedelta(days=_LONGEST_DAYS + 1)
    return microseconds(start.astimezone(UTC)), microseconds((end + timedelta(days=1)).astimezone(UTC)) - 1


def _at_midnight(row: Row) -> Row:
    """Return a daily row at midnight in Chicago, 05:00 or 06:00 UTC."""
    midnight = datetime.combine(utc(row[0]).date(), time(0), _MIDNIGHTS)
    return microseconds(midnight.astimezone(UTC)), *row[1:]
