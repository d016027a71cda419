"""The time of a market: from which bar on an order fills, and when its session ends."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tickfold.errors import RunError
from tickfold.market_data.exchange_calendar import LONGEST_PAUSE, ExchangeCalendar
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.minute_bar import STEP, FeedBar
from tickfold.market_data.feed.watch_list import Watched, WatchList
from tickfold.portfolios.placing import Moment
from tickfold.portfolios.times import milliseconds
from tickfold.protocol.journal import Quote


def clock() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class MarketTime:
    """Tells when an order of a symbol of the feed may fill."""

    bars: HotStore
    watch_list: WatchList
    now: Callable[[], datetime] = clock

    def moment(self, symbol: str) -> Moment:
        """Return when something is ordered that is ordered now.

        Raises:
            RunError: the feed does not fetch the symbol, or has no bar of it.
        """
        watched = self.watch_list.watched(symbol)
        last, now = self._last_bar(symbol), self.now()
        live = now - last.bar.end <= LONGEST_PAUSE
        start = _whole_minute(max(now, last.bar.end) if live else last.bar.end)
        return Moment(
            now=milliseconds(now),
            active_from=milliseconds(start),
            session_end=milliseconds(_session_end(watched, start)),
            quote=Quote(time=milliseconds(last.bar.time), number=last.sequence, close=last.bar.close),
        )

    def _last_bar(self, symbol: str) -> FeedBar:
        last = self.bars.state(symbol).sequence
        found = next(self.bars.bars_after(symbol, last - 1), None) if last else None
        if found is None:
            raise RunError(f"the feed has no bar of {symbol} yet, so its price is unknown: try again once it has")
        return found


def _whole_minute(time: datetime) -> datetime:
    """Return the start of the first minute that is not before `time`."""
    start = time.replace(second=0, microsecond=0)
    return start if start == time else start + STEP


def _session_end(watched: Watched, start: datetime) -> datetime:
    calendar = ExchangeCalendar.named(watched.market)
    session = calendar.session_at(start) or calendar.next_session(start.date() - timedelta(days=1))
    while session.close <= start:
        session = calendar.next_session(session.day)
    return session.close
