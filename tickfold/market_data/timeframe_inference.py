"""The timeframe of bars, inferred from the steps between their times.

Bars within days are told by the smallest step that all others are multiples of: minutes without a trade have no bar.
Bars of a day or longer are told by their dates: months of 28 to 31 days are months, and weekends and holidays are no
evidence.
"""

import numpy as np

from tickfold.engine.calendar import MICROSECONDS_PER_DAY, date_of
from tickfold.engine.timeframe import (
    UNITS_TEXT,
    canonical_timeframe,
    lasts_days,
    months_timeframe,
    timeframe_of,
    timeframe_seconds,
)
from tickfold.market_data.bar_table import BarFileError, Source
from tickfold.market_data.date_notation import Times

_FEWEST_STEPS = 5  # a Friday and a Monday do not make a series of three days
_FEWEST_MONTHS = 2
"""Steps from one month's end or start to the next that are enough, since dates fall there by chance rarely."""
_SECOND = 1_000_000
_DAY_SECONDS = 86_400
_SHORTEST_YEAR = 365
_THURSDAY = 3
"""The weekday of 1970-01-01, from Monday = 0."""
_SATURDAY = 5

_MOST = 0.75
"""Share of the dates at one place of their month or week; holidays move the others."""
_ENOUGH = 0.05
"""Share of the steps below which the smallest is a stray bar's rather than the timeframe."""
_RARE = 0.02
"""Share of the sessions below which those on weekends are special sessions."""
_EDGE = 4
"""Days from the start or end of a month in which its first or last session falls, over Easter and New Year."""


def settle_timeframe(
    source: Source, times: Times, given: str | None, wall: Times | None = None
) -> tuple[str, list[str]]:
    """Return the timeframe of bars at the sorted `times`, and notes: the inferred one, or else the one `given`.

    `wall` are the times as the file's own clock shows them, which decide on the dates; by default those of `times`.

    Raises:
        BarFileError: none can be inferred and none is given; or the one given contradicts the bars.
    """
    wall = times if wall is None else wall
    if given is None:
        return _without_given(source, times, wall)
    canonical = canonical_timeframe(given)
    if canonical is None:
        raise BarFileError(f"timeframe {given!r} is not a number and a unit ({UNITS_TEXT}), such as 1m, 1h, 1d or 1mo")
    if reason := _contradiction(times, wall, canonical):
        raise BarFileError(f"{source}: timeframe {given} was given, but {reason}")
    return canonical, [] if canonical == given else [f"timeframe {given} is written {canonical}"]


def _without_given(source: Source, times: Times, wall: Times) -> tuple[str, list[str]]:
    if inferred := infer_timeframe(times, wall):
        return inferred, []
    if assumed := _assume_timeframe(times, wall):
        return assumed, [f"too few bars to be sure of their timeframe: taken as {assumed}"]
    raise BarFileError(
        f"{source}: no step between bars stands out; say with --timeframe which it is, such as 1m, 1h or 1d"
    )


def _contradiction(times: Times, wall: Times, timeframe: str) -> str | None:
    """Return how the bars look if they cannot be of `timeframe`, else None."""
    inferred = infer_timeframe(times, wall)
    if inferred == timeframe or len(times) < 2:
        return None
    if inferred:
        dates = ", ".join(_shown(wall, inferred)[:3])
        return f"its bars look like {inferred} ({dates} …): leave --timeframe out, or write {inferred}"
    if lasts_days(timeframe):
        same = np.flatnonzero(np.diff(wall // MICROSECONDS_PER_DAY) == 0)
        return f"{date_of(int(wall[same[0]] // MICROSECONDS_PER_DAY))} has more than one bar" if len(same) else None
    if _are_dated(wall):
        return "its bars are days apart, all at one time of the day: write 1d, 1w, 1mo or what they are"
    shortest = int(np.diff(times).min()) / _SECOND
    return f"some of its bars are only {shortest:g} s apart" if shortest < timeframe_seconds(timeframe) else None


def _shown(wall: Times, timeframe: str) -> list[str]:
    unit = "D" if lasts_days(timeframe) else "s"
    return [str(each) for each in wall[:3].astype("datetime64[us]").astype(f"datetime64[{unit}]")]


def infer_timeframe(times: Times, wall: Times | None = None) -> str | None:
    """Return the timeframe that bars at the sorted `times` show; None if there is none, or too few bars.

    `wall` are the times as the file's own clock shows them; by default those of `times`.
    """
    wall = times if wall is None else wall
    if len(times) <= _FEWEST_STEPS:
        return None
    if _are_dated(wall):
        return _of_dates(wall // MICROSECONDS_PER_DAY)
    return _of_instants(times)


def _assume_timeframe(times: Times, wall: Times) -> str | None:
    """Return the likeliest timeframe of a few bars: months, or daily if each has a date, else the shortest step."""
    steps = np.diff(times)
    if len(steps) >= _FEWEST_STEPS:
        return None
    if _are_dated(wall):
        return _months(wall // MICROSECONDS_PER_DAY) or "1d"
    seconds = int(steps.min()) // _SECOND if len(steps) else 0
    return timeframe_of(seconds) if 0 < seconds < _DAY_SECONDS else None


def _are_dated(wall: Times) -> bool:
    """Return whether each bar has a date of its own, and most are at one time of the day, as bars of days are."""
    clock = wall % MICROSECONDS_PER_DAY
    if len(wall) == 1:
        return not clock.any()
    if not (np.diff(wall // MICROSECONDS_PER_DAY) > 0).all():
        return False
    _, counts = np.unique(clock, return_counts=True)
    usual = int(counts.max())
    return usual > 1 and usual * 2 >= len(wall)  # in UTC, half of the midnights of New York are an hour off


# --- instants --------------------------------------------------------------------------------------------------------


def _of_instants(times: Times) -> str | None:
    step = _smallest_common(_steps_within_days(times))
    seconds, rest = divmod(step, _SECOND)
    return timeframe_of(seconds) if seconds and not rest else None


def _steps_within_days(times: Times) -> Times:
    """Return the steps within days, without the first and last of each, which can be shorter; all where those are few.

    A session that opens at 09:30 may have hourly bars from 10:00 on.
    """
    steps, dates = np.diff(times), times // MICROSECONDS_PER_DAY
    same = np.diff(dates) == 0
    inner = same.copy()
    inner[1:] &= same[:-1]
    inner[:-1] &= same[1:]
    return next((steps[some] for some in (inner, same) if np.count_nonzero(some) >= _FEWEST_STEPS), steps)


def _smallest_common(steps: Times) -> int:
    """Return the smallest of `steps` if all are its multiples, else that which at least half of them are, else 0."""
    distinct, counts = np.unique(steps[steps > 0], return_counts=True)
    if not len(distinct):
        return 0
    if not (distinct % distinct[0]).any() and counts[0] >= _ENOUGH * counts.sum():
        return int(distinct[0])
    return int(distinct[counts.argmax()]) if counts.max() * 2 >= counts.sum() else 0


# --- dates, in days since 1970 ---------------------------------------------------------------------------------------


def _of_dates(dates: Times) -> str | None:
    for some in (dates, dates[:-1]):  # a download within a week or month ends with a part of it
        if timeframe := _months(some) or _weeks(some):
            return timeframe
    weekend = (dates + _THURSDAY) % 7 >= _SATURDAY
    days = _smallest_common(_weekdays_between(dates) if weekend.mean() < _RARE else np.diff(dates))
    return timeframe_of(days * _DAY_SECONDS) if days else None


def _weekdays_between(dates: Times) -> Times:
    days = dates.astype("datetime64[D]")
    return np.asarray(np.busday_count(days[:-1], days[1:]), dtype=np.int64)


def _months(dates: Times) -> str | None:
    """Return the months between bars that are all at the start or end of one, or on one day of it; None if not so."""
    days, steps = dates.astype("datetime64[D]"), np.diff(dates)
    months = days.astype("datetime64[M]")
    number: Times = months.astype(np.int64)
    apart = np.diff(number)
    constant = len(steps) > _FEWEST_MONTHS and steps[0] < _SHORTEST_YEAR and (steps == steps[0]).all()
    if len(apart) < _FEWEST_MONTHS or not apart.all() or constant:
        return None  # months differ in length, but for years
    day: Times = (days - months.astype("datetime64[D]")).astype(np.int64)
    to_end = ((months + 1).astype("datetime64[D]") - days).astype(np.int64) - 1
    placed = max(np.mean(day < _EDGE), np.mean(to_end < _EDGE), np.bincount(day).max() / len(day))
    count = _smallest_common(apart)
    return months_timeframe(count) if placed >= _MOST and count else None


def _weeks(dates: Times) -> str | None:
    """Return the weeks between bars that are mostly on one day of the week; None if they are not."""
    week, weekday = (dates + _THURSDAY) // 7, (dates + _THURSDAY) % 7
    apart = np.diff(week)
    if not apart.all() or np.bincount(weekday).max() < _MOST * len(dates):
        return None
    count = _smallest_common(apart)
    return timeframe_of(count * 7 * _DAY_SECONDS) if count else None
