"""The interface of a provider: what is asked of it, what it answers, and what it can do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from tickfold.engine.bars import Bars
from tickfold.engine.timeframe import UNITS_TEXT, is_timeframe
from tickfold.market_data.corporate_actions import CorporateAction
from tickfold.market_data.providers.failures import NotSupportedError


class Adjustment(StrEnum):
    """For which corporate actions prices and volumes are adjusted.

    `ANY` leaves it to the provider. It suits bars after which there has been no action yet, such as those of the
    current session: they are the same under every adjustment, and no provider has to be left out.
    """

    RAW = "raw"
    SPLITS = "splits"
    ALL = "all"
    ANY = "any"


@dataclass(frozen=True)
class BarRequest:
    """The whole bars of a symbol in [start, end), both aware.

    A bar belongs to it if it begins at or after `start` and its interval ends at or before `end`, so an unfinished last
    bar never does. A daily bar's interval is the UTC day of its session's date.

    Raises:
        ValueError: a time has no zone, `end` is before `start`, or `timeframe` is none.
    """

    symbol: str
    timeframe: str
    start: datetime
    end: datetime
    adjustment: Adjustment = Adjustment.RAW

    def __post_init__(self) -> None:
        if not is_timeframe(self.timeframe):
            raise ValueError(f"{self.timeframe!r} is not a timeframe: a count and one of {UNITS_TEXT}")
        if self.start.utcoffset() is None or self.end.utcoffset() is None:
            raise ValueError("start and end need a time zone")
        if self.end < self.start:
            raise ValueError(f"end ({self.end}) is before start ({self.start})")
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))


@dataclass(frozen=True)
class Quote:
    """The latest price of a symbol, in dollars.

    `volume` is of the current or last session, in shares; `previous_close` is of the session before it.
    """

    symbol: str
    price: float
    volume: float | None
    market_cap: float | None
    previous_close: float | None
    time: datetime


@dataclass(frozen=True)
class Limits:
    """What a provider can do. None and missing entries mean without limit.

    The first of `adjustments` is what it does when it may choose. `history` is how far back bars of a timeframe reach.
    Where `extended_hours` is true, bars before and after the regular session come with the others: the caller drops
    them by the exchange calendar.
    """

    timeframes: tuple[str, ...] | None
    adjustments: tuple[Adjustment, ...]
    requests_per_minute: int | None = None
    requests_per_day: int | None = None
    bars_per_request: int | None = None
    history: Mapping[str, timedelta] = field(default_factory=dict)
    extended_hours: bool = False
    quotes: bool = False
    actions: bool = False

    def longest_history(self, timeframe: str) -> timedelta | None:
        """Return how far back bars of `timeframe` reach; None if the provider states no limit."""
        return self.history.get(timeframe)

    def check(self, provider: str, request: BarRequest) -> Adjustment:
        """Return the adjustment that `request` gets.

        Raises:
            NotSupportedError: the provider does not have its timeframe or its adjustment; the message says which it
                has.
        """
        if self.timeframes is not None and request.timeframe not in self.timeframes:
            has = ", ".join(self.timeframes)
            raise NotSupportedError(provider, f"{request.timeframe} bars are not supported; it has {has}")
        if request.adjustment is Adjustment.ANY:
            return self.adjustments[0]
        if request.adjustment not in self.adjustments:
            has = ", ".join(self.adjustments)
            reason = f"prices with adjustment {request.adjustment} are not supported; it has {has}"
            raise NotSupportedError(provider, reason)
        return request.adjustment


class Provider(Protocol):
    """A source of market data. Each method raises a `ProviderError` where it cannot answer."""

    @property
    def name(self) -> str: ...

    @property
    def limits(self) -> Limits: ...

    def bars(self, request: BarRequest) -> Iterator[Bars]:
        """Yield the bars of `request` in pages, in time order, each once; no page is empty.

        Whoever stored the pages so far may begin again after their last bar.
        """
        ...

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote]:
        """Return the latest quote of each symbol that the provider knows."""
        ...

    def actions(self, symbol: str, start: date, end: date) -> list[CorporateAction]:
        """Return the splits and cash dividends with ex-dates from `start` to `end`, both inclusive, in order."""
        ...
