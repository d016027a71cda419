"""Compaction: moves a symbol's bars from the hot table into the lake, where each is once, whatever fails in between.

The lake is written first, then the hot table notes how far it is, and last the rows are deleted that nobody resumes
from any more. A compaction that failed half-way is done again: what the lake has already is left out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from tickfold.market_data.bar_store import BarStore, SeriesChangedError
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.minute_bar import TIMEFRAME, FeedBar, bars_of

KEPT: Final = timedelta(days=7)
"""How long bars stay in the hot table once the lake has them: subscribers resume from them, and sinks catch up."""
_ATTEMPTS = 5


@dataclass(frozen=True)
class Compaction:
    """Compaction from a hot table into a lake."""

    hot: HotStore
    lake: BarStore

    def compact(self, symbol: str, until: datetime) -> int:
        """Put the bars of `symbol` that began before `until` into the lake; return how many it lacked. Idempotent.

        Raises:
            RunError: the lake's series cannot take them.
        """
        compacted = self.hot.state(symbol).compacted
        stored = list(self.hot.bars_after(symbol, 0))
        new = [each for each in stored if each.sequence > compacted and each.bar.time < until]
        added = self._append(symbol, new) if new else 0
        if new:
            self.hot.set_compacted(symbol, new[-1].sequence)
        in_lake = new[-1].sequence if new else compacted
        old = [each.sequence for each in stored if each.sequence <= in_lake and each.bar.time < until - KEPT]
        self.hot.delete(symbol, old)
        return added

    def _append(self, symbol: str, stored: list[FeedBar]) -> int:
        """Add the bars that follow the lake's last: a load may have brought the others, from here or from elsewhere."""
        bars, providers = bars_of(each.bar for each in stored), dict.fromkeys(each.provider for each in stored)
        again = Retrying(
            retry=retry_if_exception_type(SeriesChangedError),
            wait=wait_random_exponential(multiplier=0.1, max=2),
            stop=stop_after_attempt(_ATTEMPTS),
            reraise=True,
        )
        return again(self.lake.append, symbol, TIMEFRAME, bars, ", ".join(providers))
