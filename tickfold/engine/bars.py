"""Bars: open, high, low, close and volume over time, as parallel arrays."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

import numpy as np

from tickfold.engine.arrays import ArrayRecord, Floats, Ints
from tickfold.engine.calendar import SessionCalendar, infer_calendar, session_dates
from tickfold.engine.market_returns import MarketReturns, market_returns

_MOST_DECIMALS = 8


@dataclass(frozen=True, eq=False)
class Bars(ArrayRecord):
    """Consecutive bars in time order.

    `timestamp` is the bar's start in microseconds since 1970 UTC, prices are in dollars, `volume` is in shares.
    Every price is a multiple of 10 ** -`decimals`, where that is known: averages are then computed on integers, so that
    equal averages compare equal. `calendar` is that of the series, where it is known; else `sessions` infers it.
    """

    timestamp: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    decimals: int | None = None
    calendar: SessionCalendar | None = None

    @cached_property
    def sessions(self) -> SessionCalendar:
        """The session calendar."""
        return self.calendar or infer_calendar(self.timestamp)

    @property
    def session_dates(self) -> Ints:
        """The date of each bar's session, in days since 1970, shape (bars,), for signals.

        Where the calendar is unknown it is the UTC day: what a chunk's bars let infer could differ from chunk to chunk.
        """
        return session_dates(self.timestamp, self.calendar or SessionCalendar())

    @cached_property
    def market(self) -> tuple[Floats, MarketReturns]:
        """The closes' log returns, as `MarketReturns.update` returns them; cached for the runs of a sweep."""
        return market_returns(self.close)

    @property
    def close_ticks(self) -> Floats:
        """The closes as whole numbers of ticks (float64), or in dollars where the tick size is unknown."""
        return self.close if self.decimals is None else np.rint(self.close * 10.0**self.decimals)


COLUMNS = Bars.columns()


def join(pieces: Iterable[Bars], decimals: int | None = None, calendar: SessionCalendar | None = None) -> Bars:
    """Return the bars of `pieces` in order, as a series with `decimals` and `calendar`."""
    return replace(Bars.concatenate(list(pieces)), decimals=decimals, calendar=calendar)


def decimals_of(prices: Floats) -> int | None:
    """Return the smallest number of decimals, at most 8, that represents every price exactly; else None."""
    for decimals in range(_MOST_DECIMALS + 1):
        scale = 10.0**decimals
        if np.array_equal(np.rint(prices * scale) / scale, prices):
            return decimals
    return None


def with_decimals(bars: Bars) -> Bars:
    """Return `bars` with the `decimals` of their own prices, as loading a series sets them."""
    return replace(bars, decimals=decimals_of(np.concatenate([bars.open, bars.high, bars.low, bars.close])))


def time_of(bars: Bars, at: int) -> str:
    """Return the time of a bar; only the day at midnight UTC."""
    return day_or_time(int(bars.timestamp[at]))


def day_or_time(timestamp: int) -> str:
    """Return a time, in microseconds since 1970 UTC, as text; only the day at midnight UTC."""
    time = datetime.fromtimestamp(timestamp / 1e6, UTC)
    return f"{time:%Y-%m-%d}" if (time.hour, time.minute) == (0, 0) else f"{time:%Y-%m-%dT%H:%MZ}"
