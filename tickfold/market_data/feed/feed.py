"""A tick of the feed: fetches a symbol's bars since the last one, and stores them with their indicators.

A tick knows its scheduled time and no other: done again, late, or twice at once, it stores the same. Bars that a tick
missed, whatever the reason, are fetched by the next.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from tickfold.engine.arrays import Flags, blocks
from tickfold.engine.bars import Bars
from tickfold.market_data import quality
from tickfold.market_data.exchange_calendar import ExchangeCalendar, Session
from tickfold.market_data.feed.feed_state import FeedState
from tickfold.market_data.feed.hot_store import MOST_APPENDED, HotStore, Quarantined
from tickfold.market_data.feed.minute_bar import STEP, TIMEFRAME, FeedBar, MinuteBar, bars_of, minute_bars
from tickfold.market_data.feed.watch_list import Watched
from tickfold.market_data.finding import Finding
from tickfold.market_data.providers.failover import Answer
from tickfold.market_data.providers.provider import Adjustment, BarRequest
from tickfold.market_data.series import microseconds

GRACE: Final = timedelta(minutes=15)
"""How long after the close a session's last bars are waited for."""
MOST_SESSIONS: Final = 5
"""Sessions that one tick makes up; the next goes on."""


class BarSource(Protocol):
    """Providers in order."""

    def bars(self, request: BarRequest) -> Iterator[Answer]: ...


@dataclass(frozen=True)
class Ticked:
    """What a tick has stored of a symbol, and held back."""

    symbol: str
    stored: int = 0
    quarantined: int = 0


@dataclass(frozen=True)
class Feed:
    """The feed over the hot table, from a source of bars."""

    hot: HotStore
    source: BarSource

    def tick(self, watched: Watched, scheduled: datetime) -> Ticked:
        """Store the bars of all minutes before `scheduled` that are not stored yet. Idempotent.

        Raises:
            ProviderError: no provider gave them. Those that came before the failure are stored.
        """
        calendar = ExchangeCalendar.named(watched.market)
        state = self.hot.state(watched.symbol)
        before = state
        for session in _due(calendar, state, scheduled):
            ticking = _Ticking(self, watched.symbol, session, scheduled)
            reached = ticking.advance(state)
            if reached is None:
                break  # another tick has come in between, and goes on from there
            state = reached
        return _difference(watched.symbol, before, state)


@dataclass(frozen=True)
class _Ticking:
    """A tick's work on one session."""

    feed: Feed
    symbol: str
    session: Session
    scheduled: datetime

    def advance(self, state: FeedState) -> FeedState | None:
        """Store what there is of the session after `state`; return the state after it, None if it was overtaken."""
        start = max(_asked_from(state) or self.session.open, self.session.open)
        end = min(self.session.close, self.scheduled)
        if start < end:
            request = BarRequest(self.symbol, TIMEFRAME, start, end, Adjustment.ANY)
            for answer in self.feed.source.bars(request):
                for part in blocks(len(answer.bars), MOST_APPENDED):
                    reached = self._store(state, answer.provider, answer.bars[part])
                    if reached is None:
                        return None
                    state = reached
        return self._settle(state)

    def _store(self, before: FeedState, provider: str, page: Bars) -> FeedState | None:
        bars = page[self._are_due(before, page)]
        if not len(bars):
            return before
        errors = quality.reasons(bars, bars_of(self._received(before)), TIMEFRAME)
        state, stored, held = before, list[FeedBar](), list[Quarantined]()
        for at, bar in enumerate(minute_bars(bars)):
            state = state.received(bar, self.session.day)
            if found := errors.get(at):
                state = state.held_back()
                held.append(Quarantined(bar, provider, tuple(map(_reason, found))))
            else:
                state = state.stored(bar, self.session.day, provider)
                stored.append(_feed_bar(state, bar, provider))
        return self._appended(before, state, stored, held)

    def _are_due(self, state: FeedState, page: Bars) -> Flags:
        """Return which are whole bars of the session that follow those before."""
        first = max(_asked_from(state) or self.session.open, self.session.open)
        after = min(self.session.close, self.scheduled) - STEP
        return (page.timestamp >= microseconds(first)) & (page.timestamp <= microseconds(after))

    def _received(self, state: FeedState) -> list[MinuteBar]:
        """Return the last closes of the session as bars, which a new one must not be far from.

        From one session to the next a price may jump, as after a split.
        """
        closes = state.received_closes if state.received_session == self.session.day else ()
        start = self.session.open - len(closes) * STEP
        return [MinuteBar(start + at * STEP, close, close, close, close, 0.0) for at, close in enumerate(closes)]

    def _settle(self, state: FeedState) -> FeedState | None:
        """Note that the session is over, once no more of its bars are waited for."""
        settled = state.settled_to is not None and state.settled_to >= self.session.close
        if settled or self.scheduled < self.session.close + GRACE:
            return state
        return self._appended(state, replace(state, settled_to=self.session.close), [], [])

    def _appended(
        self, before: FeedState, after: FeedState, bars: list[FeedBar], held: list[Quarantined]
    ) -> FeedState | None:
        numbered = replace(after, revision=before.revision + 1)
        return numbered if self.feed.hot.append(self.symbol, before, numbered, bars, held) else None


def _due(calendar: ExchangeCalendar, state: FeedState, scheduled: datetime) -> Iterator[Session]:
    """Yield the sessions that began before `scheduled` and are not settled, in order."""
    start = _asked_from(state)
    if start is None:  # a new symbol begins with the session that goes on
        session = calendar.session_at(scheduled - STEP)
    else:
        session = calendar.session_at(start) or calendar.next_session(start.date() - timedelta(days=1))
        while session.close <= start:
            session = calendar.next_session(session.day)
    for _ in range(MOST_SESSIONS):
        if session is None or session.open >= scheduled:
            return
        yield session
        session = calendar.next_session(session.day)


def _asked_from(state: FeedState) -> datetime | None:
    """Return the start of the first minute that is not known yet; None of a new symbol."""
    after_last = state.last_time and state.last_time.replace(second=0, microsecond=0) + STEP
    return max((time for time in (after_last, state.settled_to) if time), default=None)


def _feed_bar(state: FeedState, bar: MinuteBar, provider: str) -> FeedBar:
    return FeedBar(state.sequence, bar, state.indicators.sma9, state.indicators.vwap, provider)


def _reason(finding: Finding) -> str:
    return f"{finding.kind.value}: {finding.found}; expected {finding.kind.expected}"


def _difference(symbol: str, before: FeedState, after: FeedState) -> Ticked:
    return Ticked(symbol, after.sequence - before.sequence, after.quarantined - before.quarantined)
