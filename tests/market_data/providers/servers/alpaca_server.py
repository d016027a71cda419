"""Alpaca's market data API as docs.alpaca.markets describes it: multi bars, snapshots, crypto, corporate actions."""

import base64
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from tests.market_data.providers.servers.http_server import Json, Received, Reply
from tests.market_data.providers.servers.market_server import MarketServer, Row, microseconds, utc

_ZONE = ZoneInfo("America/New_York")
_TIMEFRAMES = {"1Min": "1m", "5Min": "5m", "15Min": "15m", "30Min": "30m", "1Hour": "1h", "1Day": "1d"}
_ADJUSTMENTS = {"raw": "raw", "split": "splits", "all": "all"}


class AlpacaServer(MarketServer):
    """`page_size` is the most bars of a page, whatever `limit` says, which Alpaca allows itself.

    With `eager_tokens` a full page has a token also if no bar follows: there *may* be more data.

    With `recent_from`, SIP data from that time on needs a subscription that the account does not have.
    """

    def __init__(self) -> None:
        super().__init__()
        self.page_size = 300
        self.recent_from: datetime | None = None
        self.eager_tokens = False

    def refusal(self) -> Reply:
        return Reply({"message": "forbidden."}, 403)

    def respond(self, request: Received) -> Reply:
        sent = (request.headers.get("apca-api-key-id"), request.headers.get("apca-api-secret-key"))
        if sent != (self.key, self.secret):
            return self.refusal()
        if request.path.startswith("/v2/stocks") and (
            bad := [each for each in _symbols(request.query) if not _is_name(each)]
        ):
            return Reply({"message": f"invalid symbol: {bad[0]}"}, 400)
        match request.path:
            case "/v2/stocks/bars":
                return self._bars(request.query)
            case "/v2/stocks/snapshots":
                return Reply({symbol: self._snapshot(symbol) for symbol in _symbols(request.query)})
            case "/v1beta3/crypto/us/bars":
                return self._crypto_bars(request.query)
            case "/v1beta3/crypto/us/snapshots":
                found = {symbol: self._snapshot(symbol) for symbol in _symbols(request.query) if self.knows(symbol)}
                return Reply({"snapshots": found})
            case "/v1/corporate-actions":
                return self._actions(request.query)
        return Reply({"message": "endpoint not found."}, 404)

    def _bars(self, query: dict[str, str]) -> Reply:
        limit = int(query.get("limit", "1000"))
        feed, adjustment = query.get("feed", "sip"), query.get("adjustment", "raw")
        if not 1 <= limit <= 10_000 or feed not in ("iex", "sip", "boats", "otc") or adjustment not in _ADJUSTMENTS:
            return Reply({"message": "invalid request parameters"}, 400)
        if query["timeframe"] not in _TIMEFRAMES:
            return Reply({"message": f"invalid timeframe: {query['timeframe']}"}, 400)
        start, end = (datetime.fromisoformat(query[name]) for name in ("start", "end"))
        if self.recent_from and feed == "sip" and end > self.recent_from:
            return Reply({"message": "subscription does not permit querying recent SIP data"}, 403)
        timeframe = _TIMEFRAMES[query["timeframe"]]
        (symbol,) = _symbols(query)
        # Daily bars begin at midnight in New York.
        rows = [
            (microseconds(_midnight(row[0])), *row[1:]) if timeframe == "1d" else row
            for row in self.rows(symbol, timeframe, _ADJUSTMENTS[adjustment], 0, 1 << 62)
        ]
        return self._page(query, [row for row in rows if microseconds(start) <= row[0] <= microseconds(end)])

    def _crypto_bars(self, query: dict[str, str]) -> Reply:
        if {"feed", "adjustment"} & query.keys() or query["timeframe"] == "1Day":
            return Reply({"message": "unexpected parameter"}, 400)
        start, end = (microseconds(datetime.fromisoformat(query[name])) for name in ("start", "end"))
        (symbol,) = _symbols(query)
        return self._page(query, self.rows(symbol, _TIMEFRAMES[query["timeframe"]], "raw", start, end))

    def _page(self, query: dict[str, str], rows: list[Row]) -> Reply:
        (symbol,), limit = _symbols(query), int(query.get("limit", "1000"))
        offset = int(base64.b64decode(query["page_token"])) if "page_token" in query else 0
        stop = offset + min(limit, self.page_size)
        bars = [
            {"t": utc(at).isoformat().replace("+00:00", "Z"), "o": o, "h": h, "l": low, "c": c, "v": v}
            | {"n": 1, "vw": c}
            for at, o, h, low, c, v in self.arranged(rows[offset:stop])
        ]
        token = base64.b64encode(str(stop).encode()).decode() if stop < len(rows) + self.eager_tokens else None
        return Reply({"bars": {symbol: bars} if bars else {}, "next_page_token": token})

    def _snapshot(self, symbol: str) -> Json:
        price = self.price_of(symbol)
        if not price:
            return None
        at = price.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z"
        return {
            "latestTrade": {"t": at, "x": "V", "p": price.price, "s": 100, "c": ["@"], "i": 1, "z": "C"},
            "dailyBar": {"o": 1, "h": 1, "l": 1, "c": price.price, "v": price.volume},
            "prevDailyBar": {"o": 1, "h": 1, "l": 1, "c": price.previous_close, "v": 1},
        }

    def _actions(self, query: dict[str, str]) -> Reply:
        """One action a page. Dividends are processed on the payment date, here 30 days after the ex-date."""
        (symbol,) = _symbols(query)
        types = query["types"].split(",")
        found: list[tuple[str, Json]] = []
        for split in self.splits.get(symbol, []):
            kind = "forward_split" if split.new > split.old else "reverse_split"
            day = split.day.isoformat()
            found.append((kind, {"ex_date": day, "process_date": day, "new_rate": split.new, "old_rate": split.old}))
        for dividend in self.dividends.get(symbol, []):
            paid = datetime.fromordinal(dividend.day.toordinal() + 30).date().isoformat()
            found.append(
                ("cash_dividend", {"ex_date": dividend.day.isoformat(), "process_date": paid, "rate": dividend.amount})
            )
        found = [
            (kind, action)
            for kind, action in found
            if kind in types and query["start"] <= action["process_date"] <= query["end"]
        ]
        at = int(query.get("page_token", "0"))
        page = {f"{kind}s": [action | {"symbol": symbol}] for kind, action in found[at : at + 1]}
        return Reply({"corporate_actions": page, "next_page_token": str(at + 1) if at + 1 < len(found) else None})


def _symbols(query: dict[str, str]) -> list[str]:
    return query["symbols"].split(",")


def _is_name(symbol: str) -> bool:
    return symbol.replace(".", "").isalpha()


def _midnight(timestamp: int) -> datetime:
    return datetime.combine(utc(timestamp).date(), time(0), _ZONE).astimezone(UTC)
