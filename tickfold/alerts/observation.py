"""What rules are evaluated on: a bar that was stored, a run that has ended, a check of the feed.

Each comes from a source, by whose name the rules that watch it are found. Bars of a source are numbered.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tickfold.market_data.feed.minute_bar import FeedBar

FEED: Final = "feed"
"""The source of checks of the feed."""


def of_symbol(symbol: str) -> str:
    """Return the source of a symbol's bars."""
    return f"symbol#{symbol}"


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


Observation = SeenBar | SeenRun | SeenSilence
