"""A checkpoint: how far a portfolio's journal is in the lake, and all that the rows of later entries depend on."""

from datetime import date, timedelta
from typing import Annotated, Final, Self

from pydantic import Field

from tickfold.portfolios.journal import blank
from tickfold.portfolios.lake.round_trips import OpenRoundTrips
from tickfold.protocol.portfolios import Portfolio
from tickfold.protocol.wire import Wire

_EPOCH: Final = date(1970, 1, 1)


class Checkpoint(Wire):
    """A portfolio after the last entry that is in the lake."""

    portfolio: Portfolio
    open: OpenRoundTrips = OpenRoundTrips()
    days: Annotated[int, Field(description="The day of that entry, in days since 1970 UTC.")] = 0
    points: Annotated[int, Field(description="How many points of equity there are so far.")] = 0

    @classmethod
    def start(cls, portfolio: str) -> Self:
        """Return the checkpoint before the first entry."""
        return cls(portfolio=blank(portfolio))

    @property
    def sequence(self) -> int:
        """The number of that entry."""
        return self.portfolio.revision

    @property
    def day(self) -> date:
        """The day of that entry."""
        return _EPOCH + timedelta(days=self.days)

    @property
    def month(self) -> date:
        """The first day of its month."""
        return self.day.replace(day=1)
