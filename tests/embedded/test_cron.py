"""Cron expressions of EventBridge Scheduler: due at the hours of their time zone, also when clocks change."""

from datetime import UTC, datetime, timedelta

import pytest

from embedded.cron import Cron, UnsupportedCronError

NEW_YORK = "America/New_York"
SESSION = ["31-59 9 ? * MON-FRI *", "* 10-15 ? * MON-FRI *", "0-15 16 ? * MON-FRI *"]


def times(expressions: list[str], start: str, minutes: int, zone: str = NEW_YORK) -> list[datetime]:
    """Return the minutes that are due of so many from `start`, in UTC."""
    crons = [Cron.parse(f"cron({expression})", zone) for expression in expressions]
    first = datetime.fromisoformat(start).replace(tzinfo=UTC)
    every = (first + timedelta(minutes=at) for at in range(minutes))
    return [time for time in every if any(cron.is_due(time) for cron in crons)]


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2026-01-30", "14:31", "21:15"),  # Eastern standard time
        ("2026-03-06", "14:31", "21:15"),  # the Friday before clocks go forward
        ("2026-03-09", "13:31", "20:15"),
        ("2025-10-31", "13:31", "20:15"),  # the Friday before clocks go back
        ("2025-11-03", "14:31", "21:15"),
    ],
)
def test_session_minutes_are_due_at_the_hours_of_new_york(day: str, first: str, last: str) -> None:
    due = times(SESSION, day, 1_440)
    assert (f"{due[0]:%H:%M}", f"{due[-1]:%H:%M}", len(due)) == (first, last, 29 + 360 + 16)


@pytest.mark.parametrize("day", ["2026-01-31", "2026-02-01"])
def test_weekdays_are_not_due_at_weekends(day: str) -> None:
    assert times(SESSION, f"{day}T05:00", 1_440) == []


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        ("* * * * ? *", 1_440),
        ("*/15 0 ? * * *", 4),
        ("5 0-23/6 ? * * *", 4),
        ("0,30 12 ? * SAT,SUN *", 2),
        ("0 12 ? * 7 *", 1),
    ],
)
def test_field_has_ranges_lists_and_steps(expression: str, count: int) -> None:
    assert len(times([expression], "2026-01-31", 1_440, "UTC")) == count


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 12 1 * ? *)",
        "cron(0 12 ? 1 * *)",
        "cron(0 12 ? * * 2026)",
        "cron(0 12 * * * *)",
        "cron(60 12 ? * * *)",
        "cron(0 24 ? * * *)",
        "cron(5-1 12 ? * * *)",
        "cron(0 12 ? * MONDAY *)",
        "rate(1 minute)",
        "at(2026-01-30T00:00:00)",
    ],
)
def test_expression_that_is_not_known_is_refused_and_never_ignored(expression: str) -> None:
    with pytest.raises(UnsupportedCronError):
        Cron.parse(expression, NEW_YORK)
