"""Alpha Vantage's API as www.alphavantage.co/documentation describes it: every response has status 200."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from tests.market_data.providers.servers.http_server import Json, Received, Reply
from tests.market_data.providers.servers.market_server import MarketServer, Row, utc

_ZONE = ZoneInfo("America/New_York")
_INTERVALS = {"1min": "1m", "5min": "5m", "15min": "15m", "30min": "30m", "60min": "1h"}
_LAST = 1 << 62


class AlphaVantageServer(MarketServer):
    """`premium` are the functions, and values of outputsize, that the plan does not include."""

    def __init__(self) -> None:
        super().__init__()
        self.premium = set[str]()

    def rate_text(self) -> Reply:
        """Say it as for the daily limit, which repeats the key."""
        return Reply(
            {
                "Information": f"We have detected your API key as {self.key} and our standard API rate limit is 25 "
                "requests per day. Please subscribe to any of the premium plans at "
                "https://www.alphavantage.co/premium/ to instantly remove all daily rate limits."
            }
        )

    def refusal(self) -> Reply:
        return Reply(
            {
                "Error Message": "the parameter apikey is invalid or missing. Please claim your free API key on "
                "(https://www.alphavantage.co/support/#api-key). It should take less than 20 seconds."
            }
        )

    def respond(self, request: Received) -> Reply:
        query = request.query
        if request.path != "/query":
            return Reply("Not Found", 404)
        if query.get("apikey") != self.key:
            return self.refusal()
        if self.premium & {query["function"], query.get("outputsize", "compact")}:
            return Reply(
                {
                    "Information": "Thank you for using Alpha Vantage! This is a premium endpoint. You may subscribe "
                    "to any of the premium plans at https://www.alphavantage.co/premium/ to instantly unlock all "
                    "premium endpoints"
                }
            )
        match query["function"]:
            case "TIME_SERIES_INTRADAY":
                return self._intraday(query)
            case "TIME_SERIES_DAILY":
                return self._daily(query)
            case "TIME_SERIES_DAILY_ADJUSTED":
                return self._daily_adjusted(query)
            case "GLOBAL_QUOTE":
                return Reply({"Global Quote": self._quote(query["symbol"])})
            case "SPLITS" | "DIVIDENDS" if self.knows(query["symbol"]):
                return Reply({"symbol": query["symbol"], "data": self._actions(query)})
            case function:
                return _invalid(function)

    def _intraday(self, query: dict[str, str]) -> Reply:
        timeframe = _INTERVALS.get(query["interval"], "")
        adjustment = "all" if query.get("adjusted", "true") == "true" else "raw"
        rows = self.rows(query["symbol"], timeframe, adjustment, 0, _LAST)
        if "month" in query:
            rows = [row for row in rows if f"{_local(row):%Y-%m}" == query["month"]]
        if query.get("outputsize", "compact") == "compact":
            rows = rows[-100:]
        if query.get("extended_hours", "true") != "false" or not rows:
            return _invalid(query["function"])
        fields = [(f"{_local(row):%Y-%m-%d %H:%M:%S}", _fields(row)) for row in self._newest_first(rows)]
        meta = {"4. Interval": query["interval"], "6. Time Zone": "US/Eastern"}
        return _series(query, f"Time Series ({query['interval']})", meta, fields)

    def _daily(self, query: dict[str, str]) -> Reply:
        rows = self.rows(query["symbol"], "1d", "raw", 0, _LAST)
        if query.get("outputsize", "compact") == "compact":
            rows = rows[-100:]
        if not rows:
            return _invalid(query["function"])
        fields = [(f"{utc(row[0]):%Y-%m-%d}", _fields(row)) for row in self._newest_first(rows)]
        return _series(query, "Time Series (Daily)", {"5. Time Zone": "US/Eastern"}, fields)

    def _daily_adjusted(self, query: dict[str, str]) -> Reply:
        """Adjusted closes are those of the bars under the adjustment `all`."""
        rows = self.rows(query["symbol"], "1d", "raw", 0, _LAST)
        closes = {row[0]: row[4] for row in self.rows(query["symbol"], "1d", "all", 0, _LAST)}
        splits = {split.day: split.new / split.old for split in self.splits.get(query["symbol"], [])}
        if query.get("outputsize", "compact") == "compact":
            rows = rows[-100:]
        fields = []
        for row in self._newest_first(rows):
            raw = _fields(row)
            coefficient = splits.get(utc(row[0]).date(), 1.0)
            each = {name: value for name, value in raw.items() if name != "5. volume"}
            each |= {"5. adjusted close": str(closes[row[0]]), "6. volume": raw["5. volume"]}
            each |= {"7. dividend amount": "0.0000", "8. split coefficient": f"{coefficient:.4f}"}
            fields.append((f"{utc(row[0]):%Y-%m-%d}", each))
        return _series(query, "Time Series (Daily)", {"5. Time Zone": "US/Eastern"}, fields)

    def _quote(self, symbol: str) -> Json:
        price = self.price_of(symbol)
        if not price:
            return {}
        return {
            "01. symbol": symbol,
            "05. price": f"{price.price:.4f}",
            "06. volume": f"{price.volume:.0f}",
            "07. latest trading day": f"{price.time:%Y-%m-%d}",
            "08. previous close": f"{price.previous_close:.4f}",
        }

    def _actions(self, query: dict[str, str]) -> Json:
        if query["function"] == "SPLITS":
            return [
                {"effective_date": split.day.isoformat(), "split_factor": f"{split.new / split.old:.4f}"}
                for split in self.splits.get(query["symbol"], [])
            ]
        return [
            {"ex_dividend_date": dividend.day.isoformat(), "payment_date": "None", "amount": str(dividend.amount)}
            for dividend in self.dividends.get(query["symbol"], [])
        ]

    def _newest_first(self, rows: list[Row]) -> list[Row]:
        return self.arranged(rows) if self.disorderly else rows[::-1]


def _series(query: dict[str, str], name: str, meta: Json, rows: Sequence[tuple[str, Mapping[str, str]]]) -> Reply:
    """Write the rows one by one: a server in disorder repeats names, which no dictionary can."""
    body = ",".join(f"{json.dumps(time)}: {json.dumps(fields)}" for time, fields in rows)
    meta = {"1. Information": query["function"], "2. Symbol": query["symbol"]} | meta
    return Reply(f'{{"Meta Data": {json.dumps(meta)}, {json.dumps(name)}: {{{body}}}}}')


def _invalid(function: str) -> Reply:
    return Reply(
        {
            "Error Message": "Invalid API call. Please retry or visit the documentation "
            f"(https://www.alphavantage.co/documentation/) for {function}."
        }
    )


def _fields(row: Row) -> dict[str, str]:
    names = ("1. open", "2. high", "3. low", "4. close")
    return {name: f"{value:.4f}" for name, value in zip(names, row[1:5], strict=True)} | {"5. volume": f"{row[5]:.0f}"}


def _local(row: Row) -> datetime:
    return utc(row[0]).astimezone(_ZONE)
