"""Journals of a portfolio for tests of alerts, in which the trader has written what bars did."""

from collections.abc import Iterable, Sequence
from typing import Any

from tests.portfolios.trading import Trading
from tickfold.alerts.journal_events import seen_in
from tickfold.alerts.observation import SeenEvent
from tickfold.portfolios.journal import blank
from tickfold.protocol.journal import TRADER, BarSeen, JournalEntry, JournalEvent

PORTFOLIO = "growth-1"


def condition(kind: str, **terms: Any) -> dict[str, Any]:
    """Return a condition on the portfolio."""
    return {"kind": kind, "portfolio": PORTFOLIO, **terms}


def journal_of(trading: Trading) -> list[JournalEntry]:
    """Return the journal of a session, in which the trader has written whatever bars did."""
    return [each.model_copy(update={"by": TRADER if has_bars(each) else "ada"}) for each in trading.journal]


def has_bars(entry: JournalEntry) -> bool:
    return any(isinstance(event, BarSeen) for event in entry.events)


def entry(sequence: int, *events: JournalEvent, by: str = TRADER, time: int = 0) -> JournalEntry:
    """Return an entry of these events."""
    return JournalEntry(sequence=sequence, portfolio=PORTFOLIO, time=time, by=by, events=list(events))


def renumbered(entries: Iterable[JournalEntry]) -> list[JournalEntry]:
    """Return entries with the numbers of their places."""
    return [each.model_copy(update={"sequence": number}) for number, each in enumerate(entries, 1)]


def joined(entries: Sequence[JournalEntry]) -> JournalEntry:
    """Return one entry of what several have done, as a trader writes that was away."""
    return entries[0].model_copy(update={"events": [event for each in entries for event in each.events]})


def seen(entries: Iterable[JournalEntry]) -> list[SeenEvent]:
    """Return the events of a journal, from its first entry on."""
    return seen_in(blank(PORTFOLIO), entries)[1]
