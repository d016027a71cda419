"""The time that a function works by: the scheduled one, or the current minute when it is invoked by hand."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tickfold.errors import RunError


def scheduled_time(event: Mapping[str, Any]) -> datetime:
    """Return `scheduled_time` of an event, an ISO 8601 time with its offset; without one, the start of this minute.

    Raises:
        RunError: it is no such time.
    """
    text = event.get("scheduled_time")
    if text is None:
        return datetime.now(UTC).replace(second=0, microsecond=0)
    try:
        time = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        time = None
    if time is None or time.utcoffset() is None:
        raise RunError(f"scheduled_time is {text!r}; expected a time with its offset, such as 2026-01-30T14:31:00Z")
    return time.astimezone(UTC)
