"""Counts since 1970 in seconds, milliseconds, microseconds or nanoseconds, whose unit may change within a file."""

import numpy as np

from tickfold.market_data.bar_table import Floats
from tickfold.market_data.date_notation import NO_TIME, Times
from tickfold.market_data.reading_options import TimeUnit

SMALLEST_EPOCH = 1e8
"""Below this, a count alone does not tell its unit."""

_TO_MICROSECONDS: dict[TimeUnit, float] = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}
_LIMITS: dict[TimeUnit, float] = {"s": 1e11, "ms": 1e14, "us": 1e17, "ns": np.inf}
"""Below its limit, a count is in this unit: seconds to the year 5138, the next from 1973."""
_EARLIEST, _LATEST = (float(np.datetime64(f"{year}-01-01", "us").astype(np.int64)) for year in (1900, 2201))


def epochs_to_times(counts: Floats, unit: TimeUnit | None) -> tuple[Times, str]:
    """Return the times of `counts`, `NO_TIME` where a count is nan, and their units.

    Without `unit`, each row's magnitude tells its own, so that a file may change from milliseconds to microseconds. The
    column's median decides for counts near 1970, and for all rows if some would otherwise be out of range.
    """
    finite = np.isfinite(counts)
    known = counts[finite]
    if not len(known):
        return np.full(len(counts), NO_TIME), ""
    median = unit or _unit_of(float(np.median(np.abs(known))))
    units = np.full(len(known), median, dtype="U2")
    if unit is None:
        by_row = np.array([*_LIMITS])[np.searchsorted([*_LIMITS.values()], np.abs(known), side="right")]
        by_row = np.where(np.abs(known) < SMALLEST_EPOCH, median, by_row)
        units = by_row if _within(known, by_row) or not _within(known, units) else units
    times = np.full(len(counts), NO_TIME)
    times[finite] = np.rint(np.clip(_scaled(known, units), -9e18, 9e18)).astype(np.int64)
    return times, " and ".join(name for name in _LIMITS if name in units)


def _unit_of(size: float) -> TimeUnit:
    return next(unit for unit, limit in _LIMITS.items() if size < limit)


def _scaled(counts: Floats, units: np.ndarray[tuple[int], np.dtype[np.str_]]) -> Floats:
    scaled = np.zeros(len(counts))
    for unit, factor in _TO_MICROSECONDS.items():
        rows = units == unit
        scaled[rows] = counts[rows] * factor
    return scaled


def _within(counts: Floats, units: np.ndarray[tuple[int], np.dtype[np.str_]]) -> bool:
    times = _scaled(counts, units)
    return bool(((times >= _EARLIEST) & (times < _LATEST)).all())
