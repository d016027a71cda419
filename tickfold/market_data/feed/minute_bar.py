"""One bar of the feed, with the indicators that are stored and pushed beside it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from tickfold.engine.bars import COLUMNS, Bars
from tickfold.market_data.series import microseconds, utc

TIMEFRAME: Final = "1m"
"""The timeframe of the feed's bars."""
STEP: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class MinuteBar:
    """A bar: `time` is its start in UTC, prices are in dollars, `volume` is in shares."""

    time: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float

    @property
    def end(self) -> datetime:
        """The end of its minute."""
        return self.time + STEP


@dataclass(frozen=True)
class FeedBar:
    """A bar as it is stored: its number in its series, its indicators, and the provider that it is from.

    `sma9` is the mean of the last nine closes, None of the first eight bars; `vwap` is the volume-weighted average of
    the session's typical prices, None before any volume.
    """

    sequence: int
    bar: MinuteBar
    sma9: float | None
    vwap: float | None
    provider: str


def minute_bars(bars: Bars) -> Iterator[MinuteBar]:
    """Yield each of `bars`."""
    columns = (getattr(bars, name).tolist() for name in COLUMNS)
    return (MinuteBar(utc(time), *values) for time, *values in zip(*columns, strict=True))


def bars_of(rows: Iterable[MinuteBar]) -> Bars:
    """Return `rows` as arrays."""
    listed = list(rows)
    numbers = {name: np.array([getattr(row, name) for row in listed], dtype=np.float64) for name in COLUMNS[1:]}
    times = np.array([microseconds(row.time) for row in listed], dtype=np.int64)
    return Bars(timestamp=times, **numbers, decimals=None, calendar=None)
