"""Reads series for people: which there are, and their bars by window, from the lake and from the hot table as one."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np

from tickfold.engine.bars import COLUMNS, Bars, join
from tickfold.errors import RunError
from tickfold.market_data.aligned_spans import AlignedSpans
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.candles import combined
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.minute_bar import TIMEFRAME, bars_of
from tickfold.market_data.series import Series, microseconds, utc
from tickfold.protocol.series import BarsWindow, Candle, SeriesList, SeriesPage, SeriesSummary
from tickfold.protocol.windows import Window

MOST_BARS: Final = 5_000_000
"""Bars that one window may have: 240 MB in memory."""
_PARALLEL_READS: Final = 10
_A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class SeriesReader:
    """Reads the series of a lake, and the minutes that the feed has not put there yet."""

    lake: BarStore
    hot: HotStore

    def list(self, page: SeriesPage) -> SeriesList:
        """Return a page of the series in the lake, by symbol and timeframe."""
        names = [name for name in self.lake.catalog.names() if page.after is None or _cursor(name) > page.after]
        shown = names[: page.limit]
        with ThreadPoolExecutor(_PARALLEL_READS) as pool:
            found = list(pool.map(lambda name: self.lake.catalog.get_or_none(*name), shown))
        return SeriesList(
            series=[_summary(series) for series in found if series],
            next=_cursor(shown[-1]) if len(shown) < len(names) else None,
        )

    def window(self, symbol: str, timeframe: str, window: Window) -> BarsWindow:
        """Return a window of a series' bars, combined to as many as were asked for.

        Raises:
            RunError: there is no such series, or the window has too many bars.
        """
        # The hot table first: what is compacted meanwhile is then in both, rather than in none.
        hot = self._hot(symbol) if timeframe == TIMEFRAME else _NONE
        series = self._series(symbol, timeframe, required=not len(hot))
        first, stored = self._stored(series, window) if series else (0, _NONE)
        later = hot[hot.timestamp > microseconds(series.last)] if series else hot
        skipped, fresh = _within(later, window)
        if not len(stored):
            first = skipped + (series.bars if series else 0)
        bars = join([stored, fresh])
        spans = AlignedSpans.covering(first, first + len(bars), window.points)
        return BarsWindow(
            symbol=symbol,
            timeframe=timeframe,
            bars=len(bars),
            bars_each=spans.width,
            candles=_candles(combined(bars, spans)),
        )

    def _hot(self, symbol: str) -> Bars:
        """Return the minutes of `symbol` that the lake does not have yet."""
        state = self.hot.state(symbol)
        return bars_of(each.bar for each in self.hot.bars_after(symbol, state.compacted)) if state.sequence else _NONE

    def _series(self, symbol: str, timeframe: str, *, required: bool) -> Series | None:
        found = self.lake.catalog.get_or_none(symbol, timeframe)
        if found is None and required:
            try:
                return self.lake.catalog.find(symbol, timeframe)
            except RunError as error:
                raise RunError(str(error), "not_found") from None
        return found

    def _stored(self, series: Series, window: Window) -> tuple[int, Bars]:
        """Return the position of the window's first bar in the lake, and its bars there."""
        first, stop = _sessions(series, window)
        if stop - first > MOST_BARS:
            raise RunError(
                f"the window has {stop - first:,} bars; at most {MOST_BARS:,} are read at once: choose a later start, "
                "an earlier end, or a coarser timeframe"
            )
        if first == stop:
            return first, _NONE
        skipped, bars = _within(self.lake.read(series, first, stop), window)
        return first + skipped, bars


_NONE: Final = bars_of([])


def _cursor(name: tuple[str, str]) -> str:
    return "/".join(name)


def _summary(series: Series) -> SeriesSummary:
    return SeriesSummary(
        symbol=series.symbol,
        timeframe=series.timeframe,
        source=series.source,
        bars=series.bars,
        first=microseconds(series.first) // 1_000,
        last=microseconds(series.last) // 1_000,
        adjustment=series.adjustment,
    )


def _sessions(series: Series, window: Window) -> tuple[int, int]:
    """Return the positions of bars that hold the window's, from and to whole sessions.

    The date of a bar's session is at most a day from its UTC day.
    """
    first, stop = 0, series.bars
    if window.start is not None:
        day = utc(window.start * 1_000).date() - timedelta(days=1)
        first = sum(file.bars_before(day) for file in series.files)
    if window.end is not None:
        day = utc(window.end * 1_000).date() + timedelta(days=2)
        stop = sum(file.bars_before(day) for file in series.files)
    return first, max(first, stop)


def _within(bars: Bars, window: Window) -> tuple[int, Bars]:
    """Return how many of `bars` are before the window, and those in it."""
    first = 0 if window.start is None else int(np.searchsorted(bars.timestamp, window.start * 1_000))
    stop = len(bars) if window.end is None else int(np.searchsorted(bars.timestamp, window.end * 1_000))
    return first, bars[first:stop]


def _candles(bars: Bars) -> list[Candle]:
    times, *columns = (getattr(bars, name) for name in COLUMNS)
    return [Candle(*row) for row in zip((times // 1_000).tolist(), *(c.tolist() for c in columns), strict=True)]
