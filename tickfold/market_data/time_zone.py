"""Time zones of bar files: offsets and zones by row, and local times with their gaps and repeated hours."""

import re
from dataclasses import dataclass
from zoneinfo import available_timezones

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tickfold.market_data.date_notation import NO_TIME, Mask, Times

_MINUTE = 60 * 1_000_000
_YEARS = np.array(["1800-01-01", "2400-01-01"], dtype="datetime64[us]").astype(np.int64)
_OFFSET = re.compile(r"(?:UTC|GMT)? ?([+-])(\d{1,2})(?::?(\d{2}))?")
_HOURS_OF_ABBREVIATIONS = {"EST": -5, "EDT": -4, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "CET": 1, "CEST": 2}
"""Abbreviations of one meaning in a row of a file; CST, IST and BST have several."""


@dataclass(frozen=True)
class LocalTimes:
    """Instants of local times, `NO_TIME` where there is none, with the rows in a gap and those that stay ambiguous.

    `resolved` counts the rows of a repeated hour that the order of the file told apart.
    """

    utc: Times
    gaps: Mask
    folds: Mask
    resolved: int


def find_zone(name: str) -> str | int | None:
    """Return the offset in microseconds or the IANA zone that `name` states; None if it states neither."""
    if name.upper() in ("Z", "UTC", "GMT"):
        return 0
    if name in _HOURS_OF_ABBREVIATIONS:
        return _HOURS_OF_ABBREVIATIONS[name] * 60 * _MINUTE
    if found := _OFFSET.fullmatch(name):
        sign, hours, minutes = found[1], int(found[2]), int(found[3] or 0)
        return (-1 if sign == "-" else 1) * (hours * 60 + minutes) * _MINUTE if hours < 24 and minutes < 60 else None
    return name if "/" in name and name in available_timezones() else None


def to_utc(wall: Times, zone: str | int) -> LocalTimes:
    """Return the instants of the times `wall` in `zone`.

    Of a time that a clock shows twice and the file has twice, the earlier row in time order is the earlier instant.
    """
    nowhere = np.zeros(len(wall), dtype=np.bool_)
    if isinstance(zone, int):
        return LocalTimes(np.where(wall == NO_TIME, NO_TIME, wall - zone), nowhere, nowhere, 0)
    within = (wall > _YEARS[0]) & (wall < _YEARS[1])
    local = pa.array(np.where(within, wall, 0), pa.timestamp("us"))
    early, late = (
        pc.assume_timezone(local, zone, ambiguous=which, nonexistent=which) for which in ("earliest", "latest")
    )
    first, last = (np.asarray(times.cast(pa.int64())) for times in (early, late))
    gaps = within & np.asarray(pc.not_equal(pc.local_timestamp(late), local))
    twice = within & (first != last) & ~gaps
    is_second, folds = _tell_apart(wall, twice)
    utc = np.where(is_second, last, first)
    return LocalTimes(np.where(within & ~gaps & ~folds, utc, NO_TIME), gaps, folds, int((twice & ~folds).sum()))


def _tell_apart(wall: Times, twice: Mask) -> tuple[Mask, Mask]:
    """Return, of the rows whose time the clock shows `twice`, the second ones, and those that are not in a pair."""
    is_second, alone = np.zeros(len(wall), dtype=np.bool_), np.zeros(len(wall), dtype=np.bool_)
    rows = np.flatnonzero(twice)
    descends = len(wall) > 1 and wall[0] > wall[-1]
    for time in np.unique(wall[rows]):
        pair = rows[wall[rows] == time]
        if len(pair) == 2:
            is_second[pair[0 if descends else 1]] = True
        else:
            alone[pair] = True
    return is_second, alone
