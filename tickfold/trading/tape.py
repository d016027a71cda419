"""The tape: the bars of the feed's symbols in order, from the hot table and, further back, from the lake.

Bars are pulled from their series; whatever tells that there are new ones is a hint. The hot table numbers them without
gaps and changes none, so what was read is kept, and a warm process reads only what is new.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from tickfold.engine.arrays import Ints
from tickfold.engine.bars import Bars, decimals_of, join
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.minute_bar import TIMEFRAME, FeedBar, bars_of, minute_bars
from tickfold.market_data.series import utc

MOST_KEPT: Final = 20_000
"""Bars of a symbol that are kept: those of some weeks of minutes, 1 MB."""


@dataclass(frozen=True, eq=False)
class Window:
    """Consecutive bars of a symbol: `new` ones that are to be stepped, after those that a strategy sees before them.

    `number` has the number of each in the hot table; 0 of one that is in the lake only.
    """

    bars: Bars
    number: Ints
    new: int

    @property
    def before(self) -> int:
        """How many there are before the new ones."""
        return len(self.bars) - self.new

    @property
    def new_bars(self) -> Bars:
        """The new ones."""
        return self.bars[self.before :]

    def until(self, time: int) -> "Window":
        """Return the window without the bars that begin after `time`, in microseconds since 1970 UTC."""
        stop = int(np.searchsorted(self.bars.timestamp, time, side="right"))
        stop = max(stop, self.before)
        return Window(self.bars[:stop], self.number[:stop], stop - self.before)

    def new_bar(self, at: int) -> Bars:
        """Return one of the new ones."""
        return self.bars[self.before + at : self.before + at + 1]

    def feed_bar(self, at: int) -> FeedBar:
        """Return one of the new ones as the feed has it, without its indicators."""
        (bar,) = minute_bars(self.new_bar(at))
        return FeedBar(int(self.number[self.before + at]), bar, None, None, "")


@dataclass(frozen=True, eq=False)
class _Kept:
    bars: Bars
    number: Ints
    whole: bool
    """Whether the symbol has no earlier bars."""


class Tape:
    """The tape of all symbols."""

    def __init__(self, hot: HotStore, lake: BarStore) -> None:
        self._hot, self._lake = hot, lake
        self._kept: dict[str, _Kept] = {}

    def pull(self, symbols: Iterable[str]) -> None:
        """Read the bars that have come of `symbols` since they were pulled last."""
        for symbol in symbols:
            self._kept[symbol] = self._refreshed(symbol)

    def window(self, symbol: str, after: int, looks_back: int) -> Window:
        """Return the bars of `symbol` that begin after a time, in microseconds since 1970 UTC, as far as it was pulled.

        Before them come those that a strategy sees that `looks_back` so many bars, or as many as there are.
        """
        kept = self._reaching(symbol, self._kept[symbol], after, looks_back)
        first = int(np.searchsorted(kept.bars.timestamp, after, side="right"))
        some = slice(max(first - looks_back, 0), None)
        return Window(kept.bars[some], kept.number[some], len(kept.bars) - first)

    def _refreshed(self, symbol: str) -> _Kept:
        """Return the bars that are kept, and those that the hot table has after them."""
        kept = self._kept.get(symbol)
        last = int(kept.number[-1]) if kept and len(kept.number) else 0
        found = list(self._hot.bars_after(symbol, last))
        if kept and found and found[0].sequence != last + 1:
            kept = None  # those between have gone to the lake since
        if found or kept is None:
            kept = _appended(kept, found)
        return kept

    def _reaching(self, symbol: str, kept: _Kept, after: int, looks_back: int) -> _Kept:
        """Return bars that reach back so far, from the lake if the hot table does not have them."""
        before = int(np.searchsorted(kept.bars.timestamp, after, side="right"))
        if kept.whole or before >= max(looks_back, 1):  # with one before them, none can be missing
            return kept
        start = int(kept.bars.timestamp[0]) if len(kept.bars) else None
        older, whole = self._older(symbol, start, after, looks_back)
        number = np.concatenate([np.zeros(len(older), dtype=np.int64), kept.number])
        reaching = _Kept(_joined([older, kept.bars]), number, whole)
        self._kept[symbol] = reaching
        return reaching

    def _older(self, symbol: str, start: int | None, after: int, looks_back: int) -> tuple[Bars, bool]:
        """Return the lake's bars before `start`: all that begin after a time, and `looks_back` or more before them.

        Also return whether these are all there are.
        """
        series = self._lake.catalog.get_or_none(symbol, TIMEFRAME)
        if series is None:
            return bars_of([]), True
        day = utc(max(after, 0)).date()
        first = max(sum(file.bars_before(day) for file in series.files) - looks_back, 0)
        found = self._lake.read(series, first, series.bars)
        return found if start is None else found[found.timestamp < start], first == 0


def _appended(kept: _Kept | None, found: list[FeedBar]) -> _Kept:
    bars, number = bars_of(each.bar for each in found), np.array([each.sequence for each in found], dtype=np.int64)
    if kept is None:
        return _Kept(_joined([bars]), number, whole=False)
    return _Kept(
        _joined([kept.bars, bars])[-MOST_KEPT:],
        np.concatenate([kept.number, number])[-MOST_KEPT:],
        whole=kept.whole and len(kept.bars) + len(bars) <= MOST_KEPT,
    )


def _joined(parts: list[Bars]) -> Bars:
    """Return `parts` as one series, whose decimals are those that its prices need."""
    joined = join(parts)
    prices = np.concatenate([joined.open, joined.high, joined.low, joined.close])
    return join([joined], decimals_of(prices) if len(joined) else None)
