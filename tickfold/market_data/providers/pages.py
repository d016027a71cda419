"""Pages of bars as a provider sends them, made into what a request asked for: whole bars, in order, each once."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from tickfold.engine.arrays import Ints
from tickfold.engine.bars import COLUMNS, Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY, day_number
from tickfold.engine.timeframe import timeframe_seconds
from tickfold.market_data.providers.failures import UnavailableError
from tickfold.market_data.providers.provider import BarRequest

_SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

logger = logging.getLogger(__name__)


def bars_of(timestamp: Ints, columns: Sequence[Sequence[object]]) -> Bars:
    """Return the bars with these times, in microseconds, and columns open, high, low, close and volume.

    Numbers may come as text.

    Raises:
        ValueError: the columns differ in length, or a value is no finite number.
        TypeError: a value is of another kind.
    """
    arrays = [np.array(column, dtype=np.float64) for column in columns]
    if any(array.shape != timestamp.shape for array in arrays):
        raise ValueError("columns differ in length")
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError("a value is missing")
    opens, highs, lows, closes, volumes = arrays
    return Bars(timestamp, opens, highs, lows, closes, volumes)


def at_dates(timestamp: Ints, zone: ZoneInfo) -> Ints:
    """Return 00:00 UTC of the date that each time has in `zone`: the time of a daily bar."""
    dates = (datetime.fromtimestamp(time / _SECOND, zone).date() for time in timestamp.tolist())
    return np.array([day_number(date) * MICROSECONDS_PER_DAY for date in dates], dtype=np.int64)


def microseconds(time: datetime) -> int:
    """Return an aware time in microseconds since 1970 UTC."""
    return (time - _EPOCH) // timedelta(microseconds=1)


def ordered(provider: str, request: BarRequest, pages: Iterable[Bars]) -> Iterator[Bars]:
    """Yield the whole bars of `request` in `pages`, in time order, each once, without empty pages.

    Within a page bars may come in any order; of two at one time the later counts, and differences are logged. Pages may
    repeat bars of the page before.

    Raises:
        UnavailableError: a page holds bars from before the page before it.
    """
    seen = np.array([], dtype=np.int64)
    for page in pages:
        bars, conflicts = in_order(page)
        if conflicts:
            logger.warning("%s sent %d bars of %s twice, with two values", provider, conflicts, request.symbol)
        bars = whole(bars, request)
        bars = bars[~np.isin(bars.timestamp, seen)]
        if not len(bars):
            continue
        if len(seen) and bars.timestamp[0] < seen[-1]:
            raise UnavailableError(provider, "its pages of bars are not in time order")
        seen = bars.timestamp
        yield bars


def in_order(bars: Bars) -> tuple[Bars, int]:
    """Return the bars by time, of equal times the one that came last, and at how many times values differed."""
    bars = bars[np.argsort(bars.timestamp, kind="stable")]
    repeated = bars.timestamp[1:] == bars.timestamp[:-1]
    if not repeated.any():
        return bars, 0
    differ = np.logical_or.reduce([getattr(bars, name)[1:] != getattr(bars, name)[:-1] for name in COLUMNS[1:]])
    conflicts = len(np.unique(bars.timestamp[1:][repeated & differ]))
    return bars[np.append(~repeated, True)], conflicts


def whole(bars: Bars, request: BarRequest) -> Bars:
    """Return the bars that begin at or after the request's start and end at or before its end."""
    last = microseconds(request.end) - timeframe_seconds(request.timeframe) * _SECOND
    return bars[(bars.timestamp >= microseconds(request.start)) & (bars.timestamp <= last)]


def slices(start: datetime, end: datetime, length: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Yield the parts of [start, end), each of `length` but the last: what a provider gives out in one response."""
    while start < end:
        yield start, min(start + length, end)
        start += length
