"""A market of made-up minutes, and a source that gives them out as a provider does."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import numpy as np

from tickfold.engine.bars import Bars
from tickfold.market_data.exchange_calendar import ExchangeCalendar
from tickfold.market_data.providers.failover import Answer
from tickfold.market_data.providers.failures import ProviderError, UnavailableError
from tickfold.market_data.providers.provider import BarRequest
from tickfold.market_data.series import microseconds

HALF_DAY = date(2025, 11, 28)
"""The Friday after Thanksgiving: closes at 13:00 in New York."""
MONDAY = date(2025, 12, 1)


def minutes_of(*days: date, seed: int = 7) -> Bars:
    """Return the minutes of the sessions of `days` in New York: a random walk in cents."""
    calendar = ExchangeCalendar.named("XNYS")
    sessions = [session for day in days if (session := calendar.session(day))]
    times = np.concatenate([calendar.minutes(session.open, session.close) for session in sessions])
    random = np.random.default_rng(seed)
    closes = 10_000 + np.cumsum(random.integers(-9, 10, len(times)))
    opens = np.concatenate([[10_000], closes[:-1]])
    return Bars(
        timestamp=times,
        open=opens / 100,
        high=(np.maximum(opens, closes) + random.integers(0, 5, len(times))) / 100,
        low=(np.minimum(opens, closes) - random.integers(0, 5, len(times))) / 100,
        close=closes / 100,
        volume=random.integers(1, 10_000, len(times)).astype(np.float64),
    )


def at(text: str) -> datetime:
    """Return a UTC time."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Market:
    """Gives out `bars_of_all` in pages of `page` bars, and counts the requests.

    Each of `faults` ends one request: after so many pages. What `after_page` has for a number is done after that page.
    A `careless` one gives all bars, whatever the request.
    """

    bars_of_all: Bars
    page: int = 1_000
    faults: list[int | None] = field(default_factory=list)
    careless: bool = False
    after_page: dict[int, Callable[[], object]] = field(default_factory=dict)
    requests: list[BarRequest] = field(default_factory=list)
    name: str = "exchange"

    def bars(self, request: BarRequest) -> Iterator[Answer]:
        self.requests.append(request)
        fault = self.faults.pop(0) if self.faults else None
        given = self.bars_of_all if self.careless else self._requested(request)
        for number, start in enumerate(range(0, len(given), self.page)):
            if fault is not None and number >= fault:
                raise self.failure
            yield Answer(self.name, given[start : start + self.page])
            self.after_page.get(number, bool)()
        if fault is not None:
            raise self.failure

    def _requested(self, request: BarRequest) -> Bars:
        times = self.bars_of_all.timestamp
        whole = times + 60_000_000 <= microseconds(request.end)
        return self.bars_of_all[(times >= microseconds(request.start)) & whole]

    @property
    def failure(self) -> ProviderError:
        return UnavailableError(self.name, "is down")


def without(bars: Bars, rows: Iterable[int]) -> Bars:
    """Return `bars` without some rows: minutes in which nothing was traded."""
    return bars[np.setdiff1d(np.arange(len(bars)), list(rows))]
