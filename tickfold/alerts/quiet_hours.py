"""Quiet hours and days, by the clock of the user's time zone, which summer time moves."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from tickfold.protocol.alerts import Preferences


def is_quiet(preferences: Preferences, at: datetime) -> bool:
    """Return whether the clock shows a time in the quiet hours at the instant `at`.

    The hour that summer time leaves out is neither quiet nor not; of the one that comes twice, both are alike.
    """
    hours = preferences.quiet_hours
    if hours is None:
        return False
    shown = _local(preferences, at).time()
    begin, end = time.fromisoformat(hours.begin), time.fromisoformat(hours.end)
    return begin <= shown < end if begin < end else shown >= begin or shown < end


def day_of(preferences: Preferences, at: datetime) -> date:
    """Return the day in the user's time zone."""
    return _local(preferences, at).date()


def _local(preferences: Preferences, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(preferences.time_zone))
