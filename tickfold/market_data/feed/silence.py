"""Silence of the feed: session minutes for which no bar of any watched symbol has come."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tickfold.market_data.exchange_calendar import ExchangeCalendar
from tickfold.market_data.feed.minute_bar import STEP

if TYPE_CHECKING:  # they load boto3, which who knows the times of bars does without
    from tickfold.market_data.feed.feed_state import FeedState
    from tickfold.market_data.feed.watch_list import Watched

_LOOKED_BACK = timedelta(days=1)


def silent_minutes(watched: "Sequence[Watched]", states: "Mapping[str, FeedState]", now: datetime) -> int | None:
    """Return how many session minutes are over since the last bar, of the market for which they are most.

    None if no market of a watched symbol is in session: silence says nothing then. One bar of any symbol of a market
    ends the silence; without any bar it began with the session.

    Raises:
        RunError: the calendar does not cover `now`.
    """
    silent = [
        minutes
        for market in {each.market for each in watched}
        if (minutes := _silent_minutes(market, watched, states, now)) is not None
    ]
    return max(silent, default=None)


def _silent_minutes(
    market: str, watched: "Sequence[Watched]", states: "Mapping[str, FeedState]", now: datetime
) -> int | None:
    last = [states[each.symbol].last_time for each in watched if each.market == market]
    return silent_session_minutes(market, (time + STEP for time in last if time is not None), now)


def silent_session_minutes(market: str, ends: Iterable[datetime], now: datetime) -> int | None:
    """Return how many minutes of the session are over since the last of the bars that ended at `ends`.

    None if `market` is not in session. A bar of an earlier session does not shorten the silence of this one.

    Raises:
        RunError: the calendar does not cover `now`.
    """
    calendar = ExchangeCalendar.named(market)
    session = calendar.session_at(now - STEP)
    if session is None:
        return None
    since = max([session.open, *ends])
    return len(calendar.minutes(max(since, now - _LOOKED_BACK), now))
