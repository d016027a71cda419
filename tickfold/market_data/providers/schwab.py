"""Schwab's market data API: price history and quotes, for whoever has an account and an application there.

https://developer.schwab.com/products/trader-api--individual
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
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
    UnknownSymbolError,
)
from tickfold.market_data.providers.http import Http, Response
from tickfold.market_data.providers.pages import at_dates, bars_of, ordered, slices
from tickfold.market_data.providers.provider import Adjustment, BarRequest, Limits, Quote
from tickfold.market_data.providers.secret import redact

BASE_URL: Final = "https://api.schwabapi.com/marketdata/v1"

_NAME = "schwab"
_ZONE = ZoneInfo("America/New_York")
_MINUTES = {"1m": "1", "5m": "5", "10m": "10", "15m": "15", "30m": "30"}
_SLICE = timedelta(days=10)
"""Of minutes, as many as the longest period of days."""
_YEARS = timedelta(days=3_650)


@dataclass(frozen=True)
class SchwabToken:
    """Returns an access token that is valid now; each request asks for it."""

    access_token: Callable[[], str] = field(repr=False)


class Schwab:
    """Bars of the regular session, adjusted for splits."""

    name = _NAME
    limits = Limits(
        timeframes=(*_MINUTES, "1d"),
        adjustments=(Adjustment.SPLITS,),
        requests_per_minute=120,
        history={"1m": timedelta(days=48)} | dict.fromkeys([*_MINUTES][1:], timedelta(days=270)),
        quotes=True,
    )

    def __init__(
        self,
        token: SchwabToken,
        http: Http,
        base_url: str = BASE_URL,
        requests_per_minute: int | None = limits.requests_per_minute,
    ) -> None:
        self._endpoint = Endpoint.create(_NAME, base_url, http, requests_per_minute)
        self._token = token
        self._known = set[str]()

    def bars(self, request: BarRequest) -> Iterator[Bars]:
        """Yield the bars of `request`, as `Provider.bars` does."""
        self.limits.check(_NAME, request)
        found = False
        for page in ordered(_NAME, request, self._pages(request)):
            found = True
            yield page
        if not found:
            self._check_known(request.symbol)

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote]:
        """Return the latest trade of each symbol that Schwab knows."""
        document = self._get("/quotes", {"symbols": ",".join(symbols), "fields": "quote"})
        return self._endpoint.parse(document, _read_quotes)

    def actions(self, symbol: str, start: date, end: date) -> list[CorporateAction]:  # noqa: ARG002 - the interface's
        """Refuse: there is no such endpoint."""
        raise NotSupportedError(_NAME, "splits and dividends are not supported; alpaca and alpha_vantage have them")

    def _pages(self, request: BarRequest) -> Iterator[Bars]:
        """Yield slices of the history. Schwab responds with whole days, so a day that is cut comes twice."""
        daily = lasts_days(request.timeframe)
        query = {
            "symbol": request.symbol,
            "periodType": "year" if daily else "day",
            "frequencyType": "daily" if daily else "minute",
            "frequency": _MINUTES.get(request.timeframe, "1"),
            "needExtendedHoursData": "false",
            "needPreviousClose": "false",
        }
        for start, end in slices(request.start, request.end, _YEARS if daily else _SLICE):
            times = {"startDate": _milliseconds(start), "endDate": _milliseconds(end)}
            document = self._get("/pricehistory", query | times)
            bars = self._endpoint.parse(document, _read_bars)
            if len(bars):
                self._known.add(request.symbol)
            yield replace(bars, timestamp=at_dates(bars.timestamp, _ZONE)) if daily else bars

    def _check_known(self, symbol: str) -> None:
        """Tell a symbol without bars in a range from one that does not exist."""
        if symbol not in self._known and symbol not in self.quotes([symbol]):
            raise UnknownSymbolError(_NAME, symbol)
        self._known.add(symbol)

    def _get(self, path: str, query: Mapping[str, str]) -> Json:
        token = self._token.access_token()
        response = self._endpoint.get(path, query, {"Authorization": f"Bearer {token}"})
        if response.status >= 400:
            raise self._refusal(response, token, query.get("symbol") or query.get("symbols", ""))
        return self._endpoint.document(response)

    def _refusal(self, response: Response, token: str, symbol: str) -> ProviderError:
        """Return what a response of status 4xx means."""
        if response.status in (401, 403):
            return KeyRefusedError(_NAME, "the access token is refused; log in again: `tickfold auth schwab`")
        if response.status == 404:
            return UnknownSymbolError(_NAME, symbol)
        message = redact(self._endpoint.message(response, "message", "errors"), [token])
        return NotSupportedError(_NAME, f"refuses the request with status {response.status}: {message}")


def _read_bars(document: Json) -> Bars:
    rows = document["candles"]
    times = np.array([row["datetime"] for row in rows], dtype=np.int64) * 1_000
    return bars_of(times, [[row[name] for row in rows] for name in ("open", "high", "low", "close", "volume")])


def _read_quotes(document: Json) -> dict[str, Quote]:
    """Read quotes by symbol; unknown symbols are listed under `errors`."""
    return {
        symbol: Quote(
            symbol=symbol,
            price=float(entry["quote"]["lastPrice"]),
            volume=float(entry["quote"]["totalVolume"]),
            market_cap=None,
            previous_close=float(entry["quote"]["closePrice"]),
            time=datetime.fromtimestamp(entry["quote"]["tradeTime"] / 1_000, UTC),
        )
        for symbol, entry in document.items()
        if symbol != "errors"
    }


def _milliseconds(time: datetime) -> str:
    return str(int(time.timestamp() * 1_000))
