"""Quiet hours by the clock of the user's zone, over the days on which it is changed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.alerts.rules import closes, fold, price, rule
from tickfold.alerts.quiet_hours import day_of, is_quiet
from tickfold.protocol.alerts import Preferences

ZONES = ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "America/Santiago", "UTC"]
MINUTES = st.integers(0, 1_439)


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def preferences(begin: int, end: int, zone: str) -> Preferences:
    hours = {"begin": clock(begin), "end": clock(end)}
    return Preferences.model_validate({"timeZone": zone, "quietHours": hours})


@settings(deadline=None)
@given(MINUTES, st.integers(1, 1_439), st.sampled_from(ZONES), st.integers(0, 2 * 366 * 1_440))
def test_quiet_is_whenever_the_clock_shows_one_of_the_minutes(begin: int, length: int, zone: str, minute: int) -> None:
    wanted = preferences(begin, (begin + length) % 1_440, zone)
    quiet = {clock((begin + each) % 1_440) for each in range(length)}
    at = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    assert is_quiet(wanted, at) == (f"{at.astimezone(ZoneInfo(zone)):%H:%M}" in quiet)


@pytest.mark.parametrize(
    ("day", "quiet_hours"),
    [
        (datetime(2026, 3, 7, 17, tzinfo=UTC), 8),  # the night that has 23 hours
        (datetime(2026, 3, 14, 17, tzinfo=UTC), 9),
        (datetime(2026, 10, 31, 16, tzinfo=UTC), 10),  # the night that has 25
    ],
)
def test_nights_of_daylight_saving_changes_are_an_hour_shorter_and_longer(day: datetime, quiet_hours: int) -> None:
    wanted = preferences(22 * 60, 7 * 60, "America/New_York")
    instants = [day + timedelta(minutes=minute) for minute in range(24 * 60)]
    assert sum(is_quiet(wanted, at) for at in instants) == quiet_hours * 60


def test_without_quiet_hours_nothing_is_quiet() -> None:
    assert not is_quiet(Preferences(), datetime(2026, 1, 1, 3, tzinfo=UTC))


def test_day_is_that_of_the_zone() -> None:
    at = datetime(2026, 1, 31, 3, tzinfo=UTC)
    assert day_of(Preferences(time_zone="America/New_York"), at).day == 30
    assert day_of(Preferences(time_zone="Asia/Tokyo"), at).day == 31


def test_alert_in_quiet_hours_is_given_and_marked() -> None:
    quiet = {"timeZone": "UTC", "quietHours": {"begin": "14:00", "end": "14:32"}}
    _, firings = fold(rule(price(above=10), quiet), closes(11, 9, 11))
    assert [each.quiet for each in firings] == [True, False]
