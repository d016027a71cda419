"""Alpha Vantage: intraday and daily bars, quotes, splits and dividends. Its failures come with status 200.

https://www.alphavantage.co/documentation/
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from tickfold.engine.bars import Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY, day_number
from tickfold.engine.timeframe import lasts_days, timeframe_seconds
from tickfold.market_data.corporate_actions import CorporateAction
from tickfold.market_data.providers.endpoint import Endpoint, Json
from tickfold.market_data.providers.failures import (
    KeyRefusedError,
    NotSupportedError,
    ProviderError,
    RateLimitedError,
    SubscriptionError,
    UnknownSymbolError,
)
from tickfold.market_data.providers.http import Http
from tickfold.market_data.providers.pages import bars_of, microseconds, ordered
from tickfold.market_data.providers.provider import Adjustment, BarRequest, Limits, Quote

BASE_URL: Final = "https://www.alphavantage.co"

_NAME = "alpha_vantage"
_INTERVALS = {"1m": "1min", "5m": "5min", "15m": "15min", "30m": "30min"}
_COMPACT = 100
"""The bars of the short form of a series, the latest ones. A month, and the long form of days, may need a paid plan."""
_COMPACT_DAYS = timedelta(days=150)
"""No 100 sessions take longer."""
_NEW_YORK = ZoneInfo("America/New_York")
_ZONES = {"US/Eastern": _NEW_YORK}
"""The name that Alpha Vantage uses is an old one, which not every system still has."""
_RATE_LIMIT_WORDS = ("rate limit", "call frequency", "requests per", "calls per", "higher api call volume")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AlphaVantageKey:
    """An API key."""

    key: str = field(repr=False)


class _InvalidCallError(Exception):
    """The response to an unknown symbol, and to a month without data."""


class AlphaVantage:
    """Bars of the regular session. Their times come in New York's time without an offset.

    Hours are left out: those of others begin at other minutes.
    """

    name = _NAME
    limits = Limits(
        timeframes=(*_INTERVALS, "1d"),
        adjustments=(Adjustment.RAW, Adjustment.ALL),
        requests_per_minute=60,
        requests_per_day=25,
        quotes=True,
        actions=True,
    )

    def __init__(
        self,
        key: AlphaVantageKey,
        http: Http,
        base_url: str = BASE_URL,
        requests_per_minute: int | None = limits.requests_per_minute,
    ) -> None:
        self._endpoint = Endpoint.create(_NAME, base_url, http, requests_per_minute, (key.key,))
        self._key = key
        self._known = set[str]()

    def bars(self, request: BarRequest) -> Iterator[Bars]:
        """Yield the bars of `request`, as `Provider.bars` does; a month a page."""
        adjustment = self.limits.check(_NAME, request)
        pages = self._days(request, adjustment) if lasts_days(request.timeframe) else self._minutes(request, adjustment)
        return ordered(_NAME, request, pages)

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote]:
        """Return the latest quotes, one request each. Their time is known to the day, and is its 00:00 UTC."""
        found = {}
        for symbol in symbols:
            document = self._get({"function": "GLOBAL_QUOTE", "symbol": symbol})
            if quote := self._endpoint.parse(document, partial(_read_quote, symbol)):
                found[symbol] = quote
        return found

    def actions(self, symbol: str, start: date, end: date) -> list[CorporateAction]:
        """Return splits and cash dividends, as `Provider.actions` does."""
        readers: dict[str, Callable[[Json], list[CorporateAction]]] = {
            "SPLITS": _read_splits,
            "DIVIDENDS": _read_dividends,
        }
        found = []
        for function, read in readers.items():
            try:
                found += self._endpoint.parse(self._get({"function": function, "symbol": symbol}), read)
            except _InvalidCallError:
                self._check_known(symbol)
        return sorted({action for action in found if start <= action.day <= end})

    def _minutes(self, request: BarRequest, adjustment: Adjustment) -> Iterator[Bars]:
        """Yield the latest bars if they are enough, or else those of each month."""
        step = timedelta(seconds=timeframe_seconds(request.timeframe))
        if request.end - request.start < step:
            return
        query = {
            "function": "TIME_SERIES_INTRADAY",
            "symbol": request.symbol,
            "interval": _INTERVALS[request.timeframe],
            "adjusted": "true" if adjustment is Adjustment.ALL else "false",
            "extended_hours": "false",
        }
        if request.end - request.start <= _COMPACT * step:
            latest = self._series({**query, "outputsize": "compact"}, _read_intraday)
            if _covers(latest, request):
                yield latest
                return
        first, last = (time.astimezone(_NEW_YORK).date() for time in (request.start, request.end - step))
        for month in _months(first, last):
            yield self._series({**query, "outputsize": "full", "month": month}, _read_intraday)

    def _days(self, request: BarRequest, adjustment: Adjustment) -> Iterator[Bars]:
        adjusted = adjustment is Adjustment.ALL
        function = "TIME_SERIES_DAILY_ADJUSTED" if adjusted else "TIME_SERIES_DAILY"
        query = {"function": function, "symbol": request.symbol}
        read = _read_adjusted_days if adjusted else _read_days
        if request.end - request.start <= _COMPACT_DAYS:
            latest = self._series({**query, "outputsize": "compact"}, read)
            if _covers(latest, request):
                yield latest
                return
        yield self._series({**query, "outputsize": "full"}, read)

    def _series(self, query: Mapping[str, str], read: Callable[[Json], Bars]) -> Bars:
        """Return the bars of a time series; none for a month without data.

        Raises:
            UnknownSymbolError: there is no such symbol.
        """
        symbol = query["symbol"]
        try:
            bars = self._endpoint.parse(self._get(query), read)
        except _InvalidCallError:
            self._check_known(symbol)
            logger.warning("%s has no bars of %s for %s", _NAME, symbol, query.get("month", "any time"))
            return bars_of(np.array([], dtype=np.int64), [[]] * 5)
        if len(bars):
            self._known.add(symbol)
        return bars

    def _check_known(self, symbol: str) -> None:
        if symbol not in self._known and symbol not in self.quotes([symbol]):
            raise UnknownSymbolError(_NAME, symbol)
        self._known.add(symbol)

    def _get(self, query: Mapping[str, str]) -> Json:
        """Return the document.

        Raises:
            ProviderError: it is a message about the key, the plan or the rate limit.
            _InvalidCallError: it says that the call is invalid, and not why.
        """
        response = self._endpoint.get("/query", {**query, "apikey": self._key.key})
        if response.status in (401, 403):
            raise self._key_refused()
        if response.status >= 400:
            raise NotSupportedError(_NAME, f"refuses the request with status {response.status}")
        document = self._endpoint.document(response)
        fields = document if isinstance(document, dict) else {}
        for name in ("Error Message", "Note", "Information"):
            if message := fields.get(name):
                raise self._failure(str(message))
        return document

    def _failure(self, message: str) -> ProviderError | _InvalidCallError:
        """Return what a message means that came in place of data."""
        text = message.lower()
        if "apikey" in text or "demo** api key" in text:
            return self._key_refused()
        if any(words in text for words in _RATE_LIMIT_WORDS):
            return RateLimitedError(_NAME, f"the rate limit is reached: {self._endpoint.words(message)}")
        if "premium" in text:
            return SubscriptionError(_NAME, f"the plan does not include this data: {self._endpoint.words(message)}")
        if "invalid api call" in text:
            return _InvalidCallError()
        return NotSupportedError(_NAME, f"refuses the request: {self._endpoint.words(message)}")

    def _key_refused(self) -> KeyRefusedError:
        return KeyRefusedError(_NAME, "the API key is refused; store a new one: `tickfold data keys set alpha_vantage`")


def _covers(latest: Bars, request: BarRequest) -> bool:
    """Return whether the latest bars reach back to the request's start, or are all that there are."""
    return len(latest) < _COMPACT or int(latest.timestamp.min()) <= microseconds(request.start)


def _months(first: date, last: date) -> Iterator[str]:
    """Yield the months from that of `first` to that of `last`, such as 2024-03."""
    for month in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        yield f"{month // 12:04d}-{month % 12 + 1:02d}"


def _read_intraday(document: Json) -> Bars:
    zone = _zone(document)
    rows = _rows(document)
    times = [microseconds(datetime.fromisoformat(time).replace(tzinfo=zone)) for time in rows]
    return _read_columns(times, rows, "5. volume")


def _read_days(document: Json) -> Bars:
    rows = _rows(document)
    return _read_columns(_midnights(rows), rows, "5. volume")


def _read_adjusted_days(document: Json) -> Bars:
    """Read days whose close comes raw and adjusted: the other prices follow it, and volumes follow the splits."""
    rows = dict(sorted(_rows(document).items()))
    raw = _read_columns(_midnights(rows), rows, "6. volume")
    close = np.array([row["5. adjusted close"] for row in rows.values()], dtype=np.float64)
    splits = np.array([row["8. split coefficient"] for row in rows.values()], dtype=np.float64)
    later = np.append(np.cumprod(splits[::-1])[::-1][1:], 1.0)
    factor = close / raw.close
    adjusted = (raw.open * factor, raw.high * factor, raw.low * factor, close, raw.volume * later)
    return bars_of(raw.timestamp, [column.tolist() for column in adjusted])


def _rows(document: Json) -> dict[str, dict[str, str]]:
    """Return the rows by time. Of rows of one time, such as in the hour that the clock shows twice, the last stays."""
    name = next(name for name in document if name.startswith("Time Series"))
    rows: dict[str, dict[str, str]] = document[name]
    return rows


def _read_columns(times: Sequence[int], rows: Mapping[str, Mapping[str, str]], volume: str) -> Bars:
    names = ("1. open", "2. high", "3. low", "4. close", volume)
    return bars_of(np.array(times, dtype=np.int64), [[row[name] for row in rows.values()] for name in names])


def _midnights(rows: Mapping[str, object]) -> list[int]:
    return [day_number(date.fromisoformat(day)) * MICROSECONDS_PER_DAY for day in rows]


def _zone(document: Json) -> ZoneInfo:
    name = next(value for key, value in document["Meta Data"].items() if key.endswith("Time Zone"))
    return _ZONES.get(name) or ZoneInfo(name)


def _read_quote(symbol: str, document: Json) -> Quote | None:
    quote = document["Global Quote"]
    if not quote:
        return None
    return Quote(
        symbol=symbol,
        price=float(quote["05. price"]),
        volume=float(quote["06. volume"]),
        market_cap=None,
        previous_close=float(quote["08. previous close"]),
        time=datetime.fromisoformat(quote["07. latest trading day"]).replace(tzinfo=UTC),
    )


def _read_splits(document: Json) -> list[CorporateAction]:
    return [
        CorporateAction(date.fromisoformat(each["effective_date"]), "split", float(each["split_factor"]))
        for each in document["data"]
    ]


def _read_dividends(document: Json) -> list[CorporateAction]:
    return [
        CorporateAction(date.fromisoformat(each["ex_dividend_date"]), "dividend", float(each["amount"]))
        for each in document["data"]
        if each["amount"] not in (None, "None")
    ]
