"""Times in tables: UTC in ISO 8601, to the minute."""

from datetime import UTC, datetime


def to_minute(milliseconds: int) -> str:
    """Return a time, in milliseconds since 1970 UTC, to the minute."""
    return f"{datetime.fromtimestamp(milliseconds / 1_000, UTC):%Y-%m-%dT%H:%MZ}"
