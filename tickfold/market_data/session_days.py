"""A day is a day: bars of a day or longer belong to the date that their file writes, whatever its offset from UTC.

A daily bar at 2020-01-06T00:00+09:00 is that of Monday the 6th, although it is still Sunday in UTC then.
"""

from dataclasses import replace

import numpy as np

from tickfold.engine.bars import Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY, date_of
from tickfold.engine.timeframe import timeframe_seconds
from tickfold.market_data.bar_table import BarFileError, Source
from tickfold.market_data.date_notation import Times

_SECONDS_PER_DAY = 86_400


def at_session_dates(source: Source, bars: Bars, wall: Times, timeframe: str) -> tuple[Bars, list[str]]:
    """Return `bars`, each at 00:00 UTC of its date, and a note if that dropped a time of day or an offset.

    `wall` are their times as the file's own clock shows them, in microseconds, shape (bars,).

    Raises:
        BarFileError: two bars have one date.
    """
    dates = wall // MICROSECONDS_PER_DAY
    if len(repeated := np.flatnonzero(np.diff(dates) <= 0)):
        first, second = (str(time.astype("datetime64[s]")) for time in wall[repeated[0] :][:2].astype("datetime64[us]"))
        raise BarFileError(
            f"{source} has more than one {timeframe} bar on a date, first at {first} and {second}; keep one a date"
        )
    midnights, notes = dates * MICROSECONDS_PER_DAY, _unfinished(dates, timeframe)
    if np.array_equal(midnights, bars.timestamp):
        return bars, notes
    shown = date_of(int(dates[0]))
    dropped = (
        f"{timeframe} bars belong to dates: times of day and offsets were dropped, the first bar is that of {shown}"
    )
    return replace(bars, timestamp=midnights), [dropped, *notes]


def _unfinished(dates: Times, timeframe: str) -> list[str]:
    """Return a note if the last bar follows too soon: downloads within a week or month end with a row of today."""
    days = int(dates[-1] - dates[-2]) if len(dates) > 1 else timeframe_seconds(timeframe)
    if days * 2 * _SECONDS_PER_DAY > timeframe_seconds(timeframe):
        return []
    apart = f"{days} day{'' if days == 1 else 's'} after the one before"
    last = f"the last bar, of {date_of(int(dates[-1]))}, is only {apart}"
    return [f"{last}: if it is part of an unfinished {timeframe}, delete its row and load again with --replace"]
