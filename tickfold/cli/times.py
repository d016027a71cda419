"""Times for people: UTC in tables, New York's on screens that follow the market, and how long ago something was."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def to_minute(milliseconds: int) -> str:
    """Return a time, in milliseconds since 1970 UTC, to the minute."""
    return f"{datetime.fromtimestamp(milliseconds / 1_000, UTC):%Y-%m-%dT%H:%MZ}"


def in_words(age: timedelta) -> str:
    """Return an age in minutes, hours or days."""
    minutes = age // timedelta(minutes=1)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1_440} days"


def _zone() -> tuple[tzinfo, str]:
    try:
        return ZoneInfo("America/New_York"), "New York"
    except ZoneInfoNotFoundError:  # not every machine has the database of time zones
        return UTC, "UTC"


_ZONE, ZONE_NAME = _zone()


def local(time: datetime, form: str) -> str:
    """Return a time of the zone `ZONE_NAME`, formatted by `form` of strftime."""
    return f"{time.astimezone(_ZONE):{form}}"
