"""What is odd about the bars of a series: sessions and bars that are missing, and moves that look like a split."""

from dataclasses import dataclass

import numpy as np

from tickfold.engine.arrays import Floats, Ints
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY, SessionCalendar, session_dates
from tickfold.engine.timeframe import lasts_days, timeframe_seconds

_SECOND = 1_000_000
_USUAL_HOLIDAYS = {5: 2, 6: 2, 7: 0}
"""Sessions in a row that a market of 5, 6 or 7 days a week leaves out as holidays."""
_USUAL_SHIFT = 3
"""Days by which holidays move a bar of weeks."""
_USUAL_BREAK = 0.25
"""Share of the sessions with a pause at one time of the day from which on it is a break, such as for lunch."""

_JUMP = 1.4
"""Ratio of an open to the close before, or of this to that, from which on a move is a jump."""
_CLOSE_TO = 0.06
"""Relative difference from the ratio of a split, since the market moves on that day, too."""
_SPLITS = ((3, 2), *((count, 1) for count in (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100)))


@dataclass(frozen=True)
class Gap:
    """Where bars are missing: between the bar at `after` and that at `before`, in microseconds since 1970 UTC."""

    after: int
    before: int
    missing: int
    unit: str
    """What is counted: `sessions`, or `bars` of the timeframe."""


@dataclass(frozen=True)
class Jump:
    """A move between the `close` of one bar and the `open` of the next, which is at `time` (microseconds UTC)."""

    time: int
    close: float
    open: float
    split: str | None
    """The split that it looks like: `4:1` if a share became four; None if it looks like none."""

    @property
    def change(self) -> float:
        """The move as a fraction of the close."""
        return self.open / self.close - 1


def find_gaps(bars: Bars, timeframe: str, calendar: SessionCalendar) -> list[Gap]:
    """Return where `bars` lack sessions or bars, beyond weekends, holidays and daily breaks, the longest first."""
    dates = bars.timestamp // MICROSECONDS_PER_DAY if lasts_days(timeframe) else session_dates(bars.timestamp, calendar)
    if lasts_days(timeframe):
        missing, unit = _missing_periods(dates, timeframe, calendar), "bars"
    else:
        missing, unit = _missing_sessions(dates, 1, calendar), "sessions"
    found = _gaps(bars.timestamp, missing, unit)
    if not lasts_days(timeframe):
        found += _gaps(bars.timestamp, _missing_within_sessions(bars.timestamp, dates, timeframe), "bars")
    return sorted(found, key=lambda gap: gap.after - gap.before)


def find_jumps(bars: Bars) -> list[Jump]:
    """Return the jumps between bars, in time order."""
    ratio = bars.close[:-1] / bars.open[1:]
    at = np.flatnonzero((ratio >= _JUMP) | (ratio <= 1 / _JUMP))
    return [
        Jump(int(bars.timestamp[i + 1]), float(bars.close[i]), float(bars.open[i + 1]), _split(float(ratio[i])))
        for i in at
    ]


def _gaps(timestamp: Ints, missing: Ints, unit: str) -> list[Gap]:
    at = np.flatnonzero(missing > 0)
    return [Gap(int(timestamp[i]), int(timestamp[i + 1]), int(missing[i]), unit) for i in at]


def _missing_periods(dates: Ints, timeframe: str, calendar: SessionCalendar) -> Ints:
    """Return how many bars are missing after each but the last, where they last a day or longer."""
    if timeframe.endswith("mo"):
        months: Ints = dates.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        return np.asarray(np.diff(months) // int(timeframe[:-2]) - 1)
    days = timeframe_seconds(timeframe) * _SECOND // MICROSECONDS_PER_DAY
    if days % 7 == 0:
        return np.asarray((np.diff(dates) + _USUAL_SHIFT) // days - 1)
    return _missing_sessions(dates, days, calendar)


def _missing_sessions(dates: Ints, each: int, calendar: SessionCalendar) -> Ints:
    """Return how many bars of `each` sessions are missing after each but the last; none where holidays may be why."""
    days = dates.astype("datetime64[D]")
    between = np.busday_count(days[:-1], days[1:]) if calendar.week == 5 else np.diff(dates) * calendar.week // 7
    missing = np.maximum(between.astype(np.int64) - each, 0)
    return np.asarray(np.where(missing > _USUAL_HOLIDAYS[calendar.week], np.maximum(missing // each, 1), 0))


def _missing_within_sessions(timestamp: Ints, dates: Ints, timeframe: str) -> Ints:
    """Return how many bars are missing after each but the last of a session, but for breaks that it has every day."""
    step = timeframe_seconds(timeframe) * _SECOND
    missing = np.where(np.diff(dates) == 0, np.diff(timestamp) // step - 1, 0)
    at = np.flatnonzero(missing)
    _, which, counts = np.unique(timestamp[at] % MICROSECONDS_PER_DAY, return_inverse=True, return_counts=True)
    usual = counts[which] >= max(_USUAL_BREAK * len(np.unique(dates)), 2)
    missing[at[usual]] = 0
    return np.asarray(missing)


def _split(ratio: float) -> str | None:
    ratios = {f"{a}:{b}": a / b for a, b in _SPLITS} | {f"{b}:{a}": b / a for a, b in _SPLITS}
    name, nearest = min(ratios.items(), key=lambda each: abs(np.log(each[1] / ratio)))
    return name if abs(ratio / nearest - 1) <= _CLOSE_TO else None


def largest_first(jumps: list[Jump]) -> list[Jump]:
    """Return `jumps` by size, the largest first."""
    sizes: Floats = np.array([abs(np.log(jump.open / jump.close)) for jump in jumps])
    return [jumps[i] for i in np.argsort(-sizes, kind="stable")]
