"""Bars that are loaded again: those with the same values stay as they are, those with other values are refused.

A series never mixes two versions of its past, such as prices before and after a split was adjusted for.
"""

import numpy as np
import numpy.typing as npt

from tickfold.engine.arrays import Ints
from tickfold.engine.bars import COLUMNS, Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.engine.timeframe import lasts_days, timeframe_seconds

_NOISE = 1e-6
"""Relative difference below which values are the same: adjusted prices are rounded to single precision by some."""
_SECOND = 1_000_000


def same_bars(old: Bars, new: Bars, timeframe: str) -> tuple[Ints, Ints]:
    """Return the positions in `old` and in `new` of the bars that both have.

    Bars of a day or longer are told by their date, others by their time.
    """
    _, in_old, in_new = np.intersect1d(
        _keys(old.timestamp, timeframe), _keys(new.timestamp, timeframe), return_indices=True
    )
    return in_old, in_new


def describe_conflict(old: Bars, new: Bars, timeframe: str) -> tuple[int, str]:
    """Return how many bars of `new` have other values in `old`, and the first of them in words; 0 and "" if none."""
    in_old, in_new = same_bars(old, new, timeframe)
    differ = {name: _differ(getattr(old, name)[in_old], getattr(new, name)[in_new]) for name in COLUMNS[1:]}
    rows = np.flatnonzero(np.logical_or.reduce(list(differ.values())))
    if not len(rows):
        return 0, ""
    row = rows[0]
    values = ", ".join(
        f"{name} {getattr(old, name)[in_old[row]]:.10g} (now {getattr(new, name)[in_new[row]]:.10g})"
        for name in differ
        if differ[name][row]
    )
    return len(rows), f"{shown_time(int(new.timestamp[in_new[row]]), timeframe)} with {values}"


def describe_misplaced(old: Bars, new: Bars, timeframe: str) -> str:
    """Return in words the first bars of `old` and `new` that lie too close together to be two; "" if none do.

    Months that one file dates at their start and another at their end are the same months twice.
    """
    in_old, _ = same_bars(old, new, timeframe)
    kept = np.delete(_keys(old.timestamp, timeframe), in_old)
    times = np.concatenate([kept, _keys(new.timestamp, timeframe)])
    order = np.argsort(times, kind="stable")
    mixed = (order[:-1] < len(kept)) != (order[1:] < len(kept))
    close = np.flatnonzero(mixed & (np.diff(times[order]) * 2 <= timeframe_seconds(timeframe) * _SECOND))
    if not len(close):
        return ""
    first, second = (shown_time(int(times[order[close[0] + after]]), timeframe) for after in (0, 1))
    return f"{first} and {second}"


def merge(old: Bars, new: Bars, timeframe: str) -> Bars:
    """Return the bars of `old`, and those of `new` that it lacks, in time order."""
    _, in_new = same_bars(old, new, timeframe)
    added = np.ones(len(new), dtype=np.bool_)
    added[in_new] = False
    columns = {name: np.concatenate([getattr(old, name), getattr(new, name)[added]]) for name in COLUMNS}
    order = np.argsort(columns["timestamp"], kind="stable")
    return Bars(**{name: column[order] for name, column in columns.items()}, decimals=None, calendar=None)


def shown_time(microseconds: int, timeframe: str) -> str:
    """Return the date of a bar that lasts a day or longer, else its time in UTC."""
    time = np.datetime64(microseconds, "us")
    return str(time.astype("datetime64[D]")) if lasts_days(timeframe) else f"{time.astype('datetime64[s]')}Z"


def _keys(timestamp: Ints, timeframe: str) -> Ints:
    return timestamp // MICROSECONDS_PER_DAY * MICROSECONDS_PER_DAY if lasts_days(timeframe) else timestamp


def _differ(old: npt.NDArray[np.float64], new: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    return np.abs(old - new) > _NOISE * np.maximum(np.abs(old), np.abs(new))
