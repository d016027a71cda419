"""Yahoo's chart API. It is not documented and may change or break at any time, so it is used only where it is named."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import numpy as np

from tickfold.engine.arrays import Floats
from tickfold.engine.bars import Bars
from tickfold.engine.timeframe import lasts_days, timeframe_seconds
from tickfold.market_data.corporate_actions import CorporateAction
from tickfold.market_data.providers.endpoint import Endpoint, Json
from tickfold.market_data.providers.failures import (
    NotSupportedError,
    ProviderError,
    RateLimitedError,
    UnavailableError,
    UnknownSymbolError,
)
from tickfold.market_data.providers.http import Http, Response
from tickfold.market_data.providers.pages import at_dates, bars_of, ordered, slices
from tickfold.market_data.providers.provider import Adjustment, BarRequest, Limits, Quote

BASE_URL: Final = "https://query1.finance.yahoo.com"

_NAME = "yahoo"
_INTERVALS = {"1m": "1m", "5m": "5m", "15m": "15m", "30m": "30m", "1d": "1d"}
_SLICES = {"1m": timedelta(days=7), "1d": timedelta(days=3_650)}
_SLICE = timedelta(days=60)
_HEADERS = {"User-Agent": "Mozilla/5.0"}
"""Requests without one are refused with status 429."""
_END_OF_TIME = 4_102_444_800
"""2100, in seconds since 1970: later splits have changed the amounts of earlier dividends."""
_SECOND = 1_000_000
_PRICES = ("open", "high", "low", "close")


class Yahoo:
    """Bars of the regular session, adjusted for splits; those of days for dividends, too.

    Hours are left out: Yahoo's begin half past, with New York's session, and those of others at the full hour.
    """

    name = _NAME
    limits = Limits(
        timeframes=tuple(_INTERVALS),
        adjustments=(Adjustment.SPLITS, Adjustment.ALL),
        requests_per_minute=60,
        history={"1m": timedelta(days=30)} | dict.fromkeys(("5m", "15m", "30m"), timedelta(days=60)),
        quotes=True,
        actions=True,
    )

    def __init__(
        self,
        http: Http,
        base_url: str = BASE_URL,
        requests_per_minute: int | None = limits.requests_per_minute,
    ) -> None:
        self._endpoint = Endpoint.create(_NAME, base_url, http, requests_per_minute)

    def bars(self, request: BarRequest) -> Iterator[Bars]:
        """Yield the bars of `request`, as `Provider.bars` does."""
        adjustment = self.limits.check(_NAME, request)
        if adjustment is Adjustment.ALL and not lasts_days(request.timeframe):
            raise NotSupportedError(_NAME, "dividend-adjusted prices are supported of 1d bars only")
        return ordered(_NAME, request, self._pages(request, adjustment))

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote]:
        """Return the latest trade of each symbol that Yahoo knows, one request each."""
        found = {}
        for symbol in symbols:
            try:
                document = self._chart(symbol, {"range": "1d", "interval": "1d"})
            except UnknownSymbolError:
                continue
            found[symbol] = self._endpoint.parse(document, partial(_read_quote, symbol))
        return found

    def actions(self, symbol: str, start: date, end: date) -> list[CorporateAction]:
        """Return splits and cash dividends, as `Provider.actions` does."""
        query = {
            "period1": _seconds(datetime.combine(start, time(0), UTC) - timedelta(days=1)),
            "period2": str(_END_OF_TIME),
            "interval": "1d",
            "events": "div,split",
        }
        actions = self._endpoint.parse(self._chart(symbol, query), _read_actions)
        return sorted(action for action in actions if start <= action.day <= end)

    def _pages(self, request: BarRequest, adjustment: Adjustment) -> Iterator[Bars]:
        query = {"interval": _INTERVALS[request.timeframe], "includePrePost": "false"}
        for start, end in slices(request.start, request.end, _SLICES.get(request.timeframe, _SLICE)):
            document = self._chart(request.symbol, query | {"period1": _seconds(start), "period2": _seconds(end)})
            yield self._endpoint.parse(document, partial(_read_bars, request.timeframe, adjustment))

    def _chart(self, symbol: str, query: Mapping[str, str]) -> Json:
        """Return the one result of a chart; None if there are no data in the range."""
        response = self._endpoint.get(f"/v8/finance/chart/{quote(symbol, safe='')}", query, _HEADERS)
        if b"too many requests" in response.body[:200].lower():
            raise RateLimitedError(_NAME, "too many requests")
        if response.status in (401, 403):
            raise UnavailableError(_NAME, f"refuses requests with status {response.status}")
        document = self._endpoint.document(response)
        error = self._endpoint.parse(document, lambda document: document["chart"]["error"])
        if error is None:
            return self._endpoint.parse(document, lambda document: document["chart"]["result"][0])
        description = self._endpoint.parse(error, lambda error: error["description"])
        if "Data doesn't exist for startDate" in description:
            return None
        raise self._refusal(response, symbol, description)

    def _refusal(self, response: Response, symbol: str, description: str) -> ProviderError:
        if response.status == 404 or "delisted" in description:
            return UnknownSymbolError(_NAME, symbol)
        return NotSupportedError(_NAME, f"refuses the request: {self._endpoint.words(description)}")


def _read_bars(timeframe: str, adjustment: Adjustment, chart: Json) -> Bars:
    """Read the bars of a chart: rows with a price that is null are no bars, nor is the row of the latest trade."""
    if chart is None or "timestamp" not in chart:
        return bars_of(np.array([], dtype=np.int64), [[]] * 5)
    columns = chart["indicators"]["quote"][0]
    seconds = np.array(chart["timestamp"], dtype=np.int64)
    prices = {name: _doubles(columns[name]) for name in _PRICES}
    volume = np.nan_to_num(np.array(columns["volume"], dtype=np.float64))
    kept = np.logical_and.reduce([np.isfinite(prices[name]) for name in _PRICES])
    if adjustment is Adjustment.ALL:
        adjusted = _doubles(chart["indicators"]["adjclose"][0]["adjclose"])
        factor = adjusted / prices["close"]
        prices = {name: prices[name] * factor for name in _PRICES} | {"close": adjusted}
        kept &= np.isfinite(adjusted)
    if lasts_days(timeframe):
        times = at_dates(seconds * _SECOND, ZoneInfo(chart["meta"]["exchangeTimezoneName"]))
    else:
        latest = (seconds == chart["meta"].get("regularMarketTime")) & (volume == 0)
        kept &= (seconds % timeframe_seconds(timeframe) == 0) & ~latest
        times = seconds * _SECOND
    return bars_of(times[kept], [column[kept].tolist() for column in (*(prices[name] for name in _PRICES), volume)])


def _doubles(values: Sequence[float | None]) -> Floats:
    """Return prices as doubles, nan for null.

    Yahoo writes single-precision numbers with all digits of a double. Each of them becomes the double of the shortest
    decimal that is the same single: 171.21 for 171.2100067138672.
    """
    doubles = np.array(values, dtype=np.float64)
    singles = doubles.astype(np.float32)
    shortest = singles.astype(np.str_).astype(np.float64)
    return np.where(singles.astype(np.float64) == doubles, shortest, doubles)


def _read_quote(symbol: str, chart: Json) -> Quote:
    meta = chart["meta"]
    volume, before = meta.get("regularMarketVolume"), meta.get("previousClose", meta.get("chartPreviousClose"))
    return Quote(
        symbol=symbol,
        price=float(meta["regularMarketPrice"]),
        volume=None if volume is None else float(volume),
        market_cap=None,
        previous_close=None if before is None else float(before),
        time=datetime.fromtimestamp(meta["regularMarketTime"], UTC),
    )


def _read_actions(chart: Json) -> list[CorporateAction]:
    """Read the events of a chart. Dividends come in today's shares, and are returned in those of their ex-date."""
    if chart is None:
        return []
    zone = ZoneInfo(chart["meta"]["exchangeTimezoneName"])
    events = chart.get("events", {})
    splits = [
        CorporateAction(_day(each, zone), "split", each["numerator"] / each["denominator"])
        for each in events.get("splits", {}).values()
    ]
    dividends = []
    for each in events.get("dividends", {}).values():
        day = _day(each, zone)
        later = float(np.prod([split.value for split in splits if split.day > day]))
        dividends.append(CorporateAction(day, "dividend", float(each["amount"]) * later))
    return [*splits, *dividends]


def _day(event: Json, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(event["date"], zone).date()


def _seconds(moment: datetime) -> str:
    return str(int(moment.timestamp()))
