"""The events of a journal as rules see them: each with the portfolio before and after it, and with its time.

Entries may hold one bar or hundreds, as the trader wrote them; what is seen of each event is the same.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from tickfold.alerts.observation import SeenEvent
from tickfold.portfolios.journal import apply, each_applied
from tickfold.portfolios.times import MINUTE, time_of
from tickfold.protocol.journal import (
    BarSeen,
    BotStep,
    Fill,
    JournalEntry,
    JournalEvent,
    LimitBreached,
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    OrderTriggered,
)
from tickfold.protocol.portfolios import Portfolio

_ENDINGS: Final = (OrderTriggered, OrderCancelled, OrderExpired, OrderRejected)
"""What a bar does to orders, which stands before the bar in the entry; what else follows from a bar stands after it."""


def seen_in(portfolio: Portfolio, entries: Iterable[JournalEntry]) -> tuple[Portfolio, list[SeenEvent]]:
    """Return the portfolio after the `entries` that follow on it, and their events.

    Raises:
        ValueError: they do not follow on it.
    """
    seen = list[SeenEvent]()
    for entry in entries:
        seen += _events(portfolio, entry)
        portfolio = apply(portfolio, entry)
    return portfolio, seen


def _events(portfolio: Portfolio, entry: JournalEntry) -> Iterator[SeenEvent]:
    applied = zip(each_applied(portfolio, entry), _times(entry), strict=True)
    for place, ((_, before, after), time) in enumerate(applied):
        yield SeenEvent(entry, place, before, after, time_of(time))


def _times(entry: JournalEntry) -> list[int]:
    """Return when each event happened, in milliseconds since 1970 UTC: at the end of its bar, or as it was written."""
    times, waiting, latest, of_breach = list[int](), 0, entry.time, False
    for event in entry.events:
        of_breach = isinstance(event, LimitBreached) or (of_breach and isinstance(event, OrderCancelled))
        own = _end_of_bar(event)
        if own is not None and not isinstance(event, BotStep):
            times[len(times) - waiting :] = [own] * waiting
            latest, waiting = own, 0
        elif isinstance(event, _ENDINGS) and not of_breach:
            waiting += 1
        else:
            waiting = 0
        times.append(own or latest)
    return times


def _end_of_bar(event: JournalEvent) -> int | None:
    """Return the end of the bar that an event says it is of."""
    if isinstance(event, BarSeen | Fill) or (isinstance(event, BotStep) and event.what in ("entry", "exit")):
        return event.time + MINUTE
    return None
