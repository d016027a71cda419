"""What rules are evaluated on: a bar that was stored, an event of a portfolio's journal, a run that has ended, a check
of the feed.

Each comes from a source, by whose name the rules that watch it are found. Bars and events of a source are numbered.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tickfold.market_data.feed.minute_bar import FeedBar
    from tickfold.protocol.journal import JournalEntry, JournalEvent
    from tickfold.protocol.portfolios import Portfolio

FEED: Final = "feed"
"""The source of checks of the feed."""
PORTFOLIOS: Final = "portfolios"
"""What every rule on a portfolio watches too, by which all of them are found. Nothing comes from it."""
_PLACES: Final = 100_000
"""More than an entry of a journal has events."""


def of_symbol(symbol: str) -> str:
    """Return the source of a symbol's bars."""
    return f"symbol#{symbol}"


def of_portfolio(portfolio: str) -> str:
    """Return the source of the journal of a portfolio."""
    return f"portfolio#{portfolio}"


def last_number_of(sequence: int) -> int:
    """Return the number that no event of a journal's entry `sequence` exceeds, and all later ones do."""
    return (sequence + 1) * _PLACES - 1


def of_runs(user_id: str) -> str:
    """Return the source of a user's runs."""
    return f"runs#{user_id}"


@dataclass(frozen=True)
class SeenBar:
    """A bar of `symbol`."""

    symbol: str
    stored: "FeedBar"

    @property
    def source(self) -> str:
        return of_symbol(self.symbol)

    @property
    def at(self) -> datetime:
        """The end of its minute."""
        return self.stored.bar.end

    @property
    def number(self) -> int | None:
        return self.stored.sequence

    @property
    def occurrence(self) -> str:
        """Its name among all observations of all rules: what is seen twice has the same one."""
        return f"{self.symbol}-{self.stored.sequence}"


@dataclass(frozen=True)
class SeenEvent:
    """The event at `place` of an entry of a journal, with the portfolio as it leaves it."""

    entry: "JournalEntry"
    place: int
    before: "Portfolio"
    after: "Portfolio"
    at: datetime

    @property
    def event(self) -> "JournalEvent":
        return self.entry.events[self.place]

    @property
    def source(self) -> str:
        return of_portfolio(self.entry.portfolio)

    @property
    def number(self) -> int | None:
        return self.entry.sequence * _PLACES + self.place

    @property
    def occurrence(self) -> str:
        return f"{self.entry.portfolio}-{self.entry.sequence}-{self.place}"


@dataclass(frozen=True)
class SeenRun:
    """A run that has ended with `status`."""

    user_id: str
    run_id: str
    status: str
    at: datetime

    number: None = None

    @property
    def source(self) -> str:
        return of_runs(self.user_id)

    @property
    def occurrence(self) -> str:
        return f"{self.run_id}-{self.status}"


@dataclass(frozen=True)
class SeenSilence:
    """The session minutes since the feed's last bar, at the time of a check."""

    minutes: int
    at: datetime

    source: str = FEED

    @property
    def number(self) -> int | None:
        """Checks are numbered by their minute: an older one that comes late counts no more."""
        return int(self.at.timestamp()) // 60

    @property
    def occurrence(self) -> str:
        return f"{FEED}-{self.number}"


Observation = SeenBar | SeenEvent | SeenRun | SeenSilence
