"""The range of a fetch: aligned to whole bars, without what is not final yet, and cut into pieces.

A bar that a range cuts in two would be in neither of two fetches that meet there. So ranges begin and end where bars of
every provider do: at midnight UTC, at the edges of sessions, or for bars of up to a minute anywhere on their grid.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import Final

from tickfold.engine.timeframe import lasts_days, timeframe_seconds
from tickfold.errors import RunError
from tickfold.market_data.coverage import Range, missing
from tickfold.market_data.exchange_calendar import ALWAYS_OPEN, ExchangeCalendar
from tickfold.market_data.providers.provider import Adjustment
from tickfold.market_data.series import Series

SETTLED_AFTER: Final = timedelta(minutes=20)
"""Bars that ended later are left for another time: some come late, and some plans lack the last 15 minutes."""
MOST_BARS: Final = 20_000
"""Bars of a piece, about: what is fetched again, at most, after a failure."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Wanted:
    """The bars of a symbol in [start, end), both aware.

    `exchange` tells the regular session from other times; without one, which is for bars of a day, all bars are taken.
    `adjustment` is that of the series if it is None; of a new series, the best that there is.
    """

    symbol: str
    timeframe: str
    start: datetime
    end: datetime
    exchange: ExchangeCalendar | None = None
    adjustment: Adjustment | None = None

    def lacks_actions(self, series: Series | None) -> bool:
        """Return whether `series` has raw bars with splits and dividends beside them, but not those up to its last."""
        if series is None or series.actions is None:
            return False
        last = self.end - timedelta(microseconds=1)
        return series.lacks_actions(self.start.date(), last.date())


def market_of(symbol: str, timeframe: str) -> ExchangeCalendar | None:
    """Return the market of a symbol's bars where nobody says it.

    That is none for bars of a day, which are taken as they come; else 24/7 for pairs such as BTC/USD, and XNYS.
    """
    if lasts_days(timeframe):
        return None
    return ExchangeCalendar.named(ALWAYS_OPEN if "/" in symbol else "XNYS")


def lacking(wanted: Wanted, series: Series | None, now: datetime, most_bars: int = MOST_BARS) -> list[Range]:
    """Return the pieces of `wanted` that `series` does not cover and that are final at `now`.

    Raises:
        RunError: bars of that timeframe cannot be fetched, or the exchange's calendar does not cover the range.
    """
    found = missing(series.coverage if series else [], final(wanted, now))
    return pieces(found, wanted.timeframe, wanted.exchange, most_bars)


def final(wanted: Wanted, now: datetime) -> Range:
    """Return the range of the whole bars of `wanted` that are final at `now`; it may be empty.

    Raises:
        RunError: as `lacking` does.
    """
    check_timeframe(wanted.timeframe)
    return aligned(wanted.timeframe, wanted.start, wanted.end, now, wanted.exchange)


def check_timeframe(timeframe: str) -> None:
    """Check that bars of `timeframe` can be fetched.

    Raises:
        RunError: they are longer than a day: providers begin weeks and months at different days.
    """
    if timeframe_seconds(timeframe) > _DAY.total_seconds():
        raise RunError(f"{timeframe} bars cannot be fetched, only loaded: fetch 1d bars or finer ones")


def aligned(timeframe: str, start: datetime, end: datetime, now: datetime, exchange: ExchangeCalendar | None) -> Range:
    """Return the range of the whole bars around [start, end) that are final at `now`; it may be empty.

    Raises:
        RunError: the exchange's calendar does not cover it.
    """
    step = timedelta(seconds=timeframe_seconds(timeframe))
    settled = now - SETTLED_AFTER
    begin, stop = _floor(start, step), min(_ceiling(end, step), _floor(settled, step))
    if lasts_days(timeframe) or step <= timedelta(minutes=1) or exchange is None or exchange.name == ALWAYS_OPEN:
        return begin, max(begin, stop)
    return _whole_sessions(exchange, start, min(end, settled), settled)


def pieces(
    missing: Iterable[Range], timeframe: str, exchange: ExchangeCalendar | None, most_bars: int = MOST_BARS
) -> list[Range]:
    """Return `missing`, cut into pieces of about `most_bars` bars at midnight UTC, and of a day at least."""
    seconds = 86_400 if exchange is None or exchange.name == ALWAYS_OPEN else 6.5 * 3_600
    days = max(int(most_bars * timeframe_seconds(timeframe) / seconds), 1)
    found = list[Range]()
    for begin, end in missing:
        while begin < end:
            stop = min(_floor(begin, _DAY) + days * _DAY, end)
            found.append((begin, stop))
            begin = stop  # noqa: PLW2901 - what is left
    return found


def has_session(exchange: ExchangeCalendar | None, timeframe: str, piece: Range) -> bool:
    """Return whether the market trades in a piece; without a calendar it may.

    Raises:
        RunError: the exchange's calendar does not cover it.
    """
    if exchange is None:
        return True
    if lasts_days(timeframe):
        return len(exchange.days(piece[0].date(), (piece[1] - _DAY).date())) > 0
    return len(exchange.minutes(*piece)) > 0


def _whole_sessions(exchange: ExchangeCalendar, start: datetime, until: datetime, settled: datetime) -> Range:
    """Return the range from the open of the session that `start` is in to the close of the one that `until` is in."""
    first, last = exchange.session_at(start), exchange.session_at(until)
    begin = first.open if first else start
    if last is None:
        return begin, max(begin, until)
    stop = last.close if last.close <= settled else last.open
    return begin, max(begin, stop)


def day_range(first: date, last: date) -> Range:
    """Return the UTC days from `first` to `last`, both inclusive, but for the last day that there is."""
    midnight = datetime.min.time()
    after = min(last, date.max - _DAY) + _DAY
    return datetime.combine(min(first, after), midnight, UTC), datetime.combine(after, midnight, UTC)


def _floor(time: datetime, step: timedelta) -> datetime:
    return _EPOCH + (time - _EPOCH) // step * step


def _ceiling(time: datetime, step: timedelta) -> datetime:
    return _EPOCH + ceil((time - _EPOCH) / step) * step
