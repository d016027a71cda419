"""Alpaca's market data API: bars and snapshots of US stocks and of cryptocurrencies, and corporate actions.

https://docs.alpaca.markets/reference/stockbars and https://docs.alpaca.markets/reference/cryptobars-1
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np

from tickfold.engine.bars import Bars
from tickfold.engine.timeframe import lasts_days
from tickfold.market_data.corporate_actions import CorporateAction
from tickfold.market_data.providers.endpoint import Endpoint, Json
from tickfold.market_data.providers.failures import (
    KeyRefusedError,
    NotSupportedError,
    ProviderError,
    SubscriptionError,
    UnavailableError,
    UnknownSymbolError,
)
from tickfold.market_data.providers.http import Http, Response
from tickfold.market_data.providers.pages import at_dates, bars_of, ordered
from tickfold.market_data.providers.provider import Adjustment, BarRequest, Limits, Quote

BASE_URL: Final = "https://data.alpaca.markets"
Feed = Literal["iex", "sip", "delayed_sip"]
"""Where trades come from: one exchange, free; all US exchanges; all of them, 15 minutes late."""

_NAME = "alpaca"
_ZONE = ZoneInfo("America/New_York")
_TIMEFRAMES = {"1m": "1Min", "5m": "5Min", "15m": "15Min", "30m": "30Min", "1h": "1Hour", "1d": "1Day"}
_ADJUSTMENTS = {Adjustment.RAW: "raw", Adjustment.SPLITS: "split", Adjustment.ALL: "all"}
_PAGE = 10_000
_ACTIONS_PAGE = 1_000
_LATEST_PROCESSING = timedelta(days=183)
"""Actions are found by the date on which they are processed, such as a dividend's payment, long after the ex-date."""


@dataclass(frozen=True)
class AlpacaKey:
    """The two parts of an API key."""

    key_id: str = field(repr=False)
    secret_key: str = field(repr=False)


class Alpaca:
    """Bars of `feed`, before and after the regular session included. A minute without a trade has no bar.

    A symbol such as BTC/USD is of a cryptocurrency: it has neither feeds nor corporate actions. Its days are left out:
    they end at midnight in Chicago.
    """

    name = _NAME
    limits = Limits(
        timeframes=tuple(_TIMEFRAMES),
        adjustments=tuple(_ADJUSTMENTS),
        requests_per_minute=200,
        bars_per_request=_PAGE,
        extended_hours=True,
        quotes=True,
        actions=True,
    )

    def __init__(
        self,
        key: AlpacaKey,
        http: Http,
        base_url: str = BASE_URL,
        feed: Feed = "iex",
        requests_per_minute: int | None = limits.requests_per_minute,
    ) -> None:
        self._endpoint = Endpoint.create(_NAME, base_url, http, requests_per_minute, (key.key_id, key.secret_key))
        self._headers = {"APCA-API-KEY-ID": key.key_id, "APCA-API-SECRET-KEY": key.secret_key}
        self._feed = feed
        self._known = set[str]()

    def bars(self, request: BarRequest) -> Iterator[Bars]:
        """Yield the bars of `request`, as `Provider.bars` does."""
        adjustment = self.limits.check(_NAME, request)
        if _is_crypto(request.symbol) and lasts_days(request.timeframe):
            raise NotSupportedError(_NAME, f"1d bars of {request.symbol} are not supported; it has 1m to 1h")
        found = False
        for page in ordered(_NAME, request, self._pages(request, adjustment)):
            found = True
            yield page
        if not found:
            self._check_known(request.symbol)

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote]:
        """Return the latest trade of each symbol that Alpaca knows, with the day's volume."""
        stocks = [symbol for symbol in symbols if not _is_crypto(symbol)]
        coins = [symbol for symbol in symbols if _is_crypto(symbol)]
        found = self._quotes("/v2/stocks/snapshots", stocks, {"feed": self._feed}, _read_quotes)
        return found | self._quotes("/v1beta3/crypto/us/snapshots", coins, {}, _read_crypto_quotes)

    def actions(self, symbol: str, start: date, end: date) -> list[CorporateAction]:
        """Return splits and cash dividends, as `Provider.actions` does."""
        if _is_crypto(symbol):
            return []
        query = {
            "symbols": symbol,
            "types": "forward_split,reverse_split,cash_dividend",
            "start": start.isoformat(),
            "end": (end + _LATEST_PROCESSING).isoformat(),
            "limit": str(_ACTIONS_PAGE),
        }
        actions = {
            action
            for document in self._documents("/v1/corporate-actions", query)
            for action in self._endpoint.parse(document, _read_actions)
        }
        return sorted(action for action in actions if start <= action.day <= end)

    def _pages(self, request: BarRequest, adjustment: Adjustment) -> Iterator[Bars]:
        query = {
            "symbols": request.symbol,
            "timeframe": _TIMEFRAMES[request.timeframe],
            "start": _written(request.start),
            "end": _written(request.end),
            "limit": str(_PAGE),
            "sort": "asc",
        }
        feed = "sip" if self._feed == "delayed_sip" else self._feed
        of_stocks = {"adjustment": _ADJUSTMENTS[adjustment], "feed": feed}
        if _is_crypto(request.symbol):
            documents = self._documents("/v1beta3/crypto/us/bars", query)
        else:
            documents = self._documents("/v2/stocks/bars", query | of_stocks)
        for document in documents:
            bars = self._endpoint.parse(document, partial(_read_bars, request.symbol))
            if len(bars):
                self._known.add(request.symbol)
            yield replace(bars, timestamp=at_dates(bars.timestamp, _ZONE)) if lasts_days(request.timeframe) else bars

    def _quotes(
        self, path: str, symbols: Sequence[str], query: Mapping[str, str], read: Callable[[Json], dict[str, Quote]]
    ) -> dict[str, Quote]:
        """Return the quotes of the symbols that Alpaca knows; all of them are refused for one that it cannot read."""
        if not symbols:
            return {}
        try:
            return self._endpoint.parse(self._get(path, {"symbols": ",".join(symbols), **query}), read)
        except UnknownSymbolError:
            if len(symbols) == 1:
                return {}
        found = dict[str, Quote]()
        for symbol in symbols:
            found |= self._quotes(path, [symbol], query, read)
        return found

    def _check_known(self, symbol: str) -> None:
        """Tell a symbol without bars in a range from one that does not exist: for both there are no bars.

        Raises:
            UnknownSymbolError: Alpaca has no trade of it.
        """
        if symbol not in self._known and symbol not in self.quotes([symbol]):
            raise UnknownSymbolError(_NAME, symbol)
        self._known.add(symbol)

    def _documents(self, path: str, query: Mapping[str, str]) -> Iterator[Json]:
        """Yield the document of each page."""
        token, before = "", None
        while token != before:
            document = self._get(path, {**query, "page_token": token} if token else query)
            yield document
            before, token = token, self._endpoint.parse(document, lambda document: document["next_page_token"] or "")
            if not token:
                return
        raise UnavailableError(_NAME, "repeats the token of a page")

    def _get(self, path: str, query: Mapping[str, str]) -> Json:
        response = self._endpoint.get(path, query, self._headers)
        if response.status >= 400:
            raise self._refusal(response, query.get("symbols", ""))
        return self._endpoint.document(response)

    def _refusal(self, response: Response, symbols: str) -> ProviderError:
        """Return what a response of status 4xx means."""
        message = self._endpoint.message(response, "message")
        if "invalid symbol" in message:
            return UnknownSymbolError(_NAME, symbols)
        if "subscription" in message:
            return SubscriptionError(
                _NAME,
                f"the plan does not include this data ({message}); with feed iex, or for bars older than 15 minutes, "
                "no subscription is needed",
            )
        if response.status in (401, 403):
            return KeyRefusedError(_NAME, "the API key is refused; store a new one: `tickfold data keys set alpaca`")
        return NotSupportedError(_NAME, f"refuses the request with status {response.status}: {message}")


def _is_crypto(symbol: str) -> bool:
    return "/" in symbol


def _read_bars(symbol: str, document: Json) -> Bars:
    rows = (document["bars"] or {}).get(symbol) or []
    times = np.array([_naive(row["t"]) for row in rows], dtype="datetime64[us]").astype(np.int64)
    return bars_of(times, [[row[name] for row in rows] for name in "ohlcv"])


def _read_quotes(document: Json) -> dict[str, Quote]:
    """Read snapshots by symbol; one that has never been traded is null, or has no trade."""
    return {
        symbol: Quote(
            symbol=symbol,
            price=float(snapshot["latestTrade"]["p"]),
            volume=_number(snapshot.get("dailyBar"), "v"),
            market_cap=None,
            previous_close=_number(snapshot.get("prevDailyBar"), "c"),
            time=datetime.fromisoformat(snapshot["latestTrade"]["t"]).astimezone(UTC),
        )
        for symbol, snapshot in document.items()
        if snapshot and snapshot.get("latestTrade")
    }


def _read_crypto_quotes(document: Json) -> dict[str, Quote]:
    return _read_quotes(document["snapshots"])


def _read_actions(document: Json) -> list[CorporateAction]:
    found = document["corporate_actions"]
    splits = [*found.get("forward_splits", []), *found.get("reverse_splits", [])]
    return [
        *(CorporateAction(_day(each), "split", each["new_rate"] / each["old_rate"]) for each in splits),
        *(CorporateAction(_day(each), "dividend", float(each["rate"])) for each in found.get("cash_dividends", [])),
    ]


def _day(action: Json) -> date:
    return date.fromisoformat(action["ex_date"])


def _number(bar: Json, name: str) -> float | None:
    return float(bar[name]) if bar else None


def _naive(time: str) -> str:
    """Return a time in UTC without the letter that says so, which numpy does not read."""
    if not time.endswith("Z"):
        raise ValueError("a time is not in UTC")
    return time[:-1]


def _written(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")
