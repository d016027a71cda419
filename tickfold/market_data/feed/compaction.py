"""Compaction: moves a symbol's bars from the hot table into the lake, where each is once, whatever fails in between.

The lake is written first, then the hot table notes how far it is, and last the rows are deleted that nobody resumes
from any more. A compaction that failed half-way is done again: what the lake has already is left out. It may be done at
any time, also during the session: a bar that is stored is final.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Final

from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.coverage import Range
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.minute_bar import TIMEFRAME, FeedBar, bars_of
from tickfold.market_data.overtaken_load import unless_overtaken
from tickfold.market_data.series import Series

KEPT: Final = timedelta(days=7)
"""How long bars stay in the hot table once the lake has them: subscribers resume from them, and sinks catch up."""
_ANY_TIME: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Compaction:
    """Compaction from a hot table into a lake."""

    hot: HotStore
    lake: BarStore

    def compact(self, symbol: str, until: datetime) -> int:
        """Put the bars of `symbol` that began before `until` into the lake, and delete those that it has for long;
        return how many it lacked. Idempotent.

        Raises:
            RunError: the lake's series cannot take them.
        """
        added = self.append(symbol, until)
        compacted = self.hot.state(symbol).compacted
        old = takewhile(lambda each: each.bar.time < until - KEPT, self.hot.oldest_first(symbol))
        self.hot.delete(symbol, [each.sequence for each in old if each.sequence <= compacted])
        return added

    def append(self, symbol: str, until: datetime = _ANY_TIME) -> int:
        """Put the bars of `symbol` that began before `until` into the lake; return how many it lacked. Idempotent.

        Raises:
            RunError: the lake's series cannot take them.
        """
        compacted = self.hot.state(symbol).compacted
        follow = self.hot.bars_after(symbol, max(compacted - 1, 0))
        stored = list(takewhile(lambda each: each.bar.time < until, follow))
        new = [each for each in stored if each.sequence > compacted]
        if not new:
            return 0
        # Between the last bar that was compacted and the first new one there is none.
        covers = (stored[0].bar.time if stored[0] is new[0] else stored[0].bar.end), new[-1].bar.end
        added = self._put(symbol, new, covers)
        self.hot.set_compacted(symbol, new[-1].sequence)
        return added

    def _put(self, symbol: str, new: list[FeedBar], covers: Range) -> int:
        """Add what the lake does not cover: a load may have brought the others, from here or from elsewhere."""
        before = self.lake.catalog.get_or_none(symbol, TIMEFRAME)
        fed = Series(
            symbol=symbol,
            timeframe=TIMEFRAME,
            source=", ".join(dict.fromkeys(each.provider for each in new)),
            files=[],
            # Of a new series. What a series that was loaded is adjusted for, only its owner knows.
            adjustment=None if before else "raw",
        )
        after = unless_overtaken()(self.lake.fill, fed, bars_of(each.bar for each in new), covers)
        return (after.bars if after else 0) - (before.bars if before else 0)
