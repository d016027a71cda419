"""Times as portfolios keep them: whole milliseconds since 1970 UTC."""

from datetime import UTC, datetime
from typing import Final

MINUTE: Final = 60_000
DAY: Final = 24 * 60 * MINUTE


def milliseconds(time: datetime) -> int:
    """Return a time in milliseconds since 1970 UTC."""
    return round(time.timestamp() * 1_000)


def time_of(milliseconds: int) -> datetime:
    """Return the UTC time of milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds / 1_000, UTC)
