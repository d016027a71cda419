"""The times in a bar file: dates, timestamps, ISO 8601 text, and counts since 1970, as microseconds since 1970 UTC."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tickfold.market_data.bar_table import BarFileError, Floats, numbers

NO_TIME = np.iinfo(np.int64).min
"""In place of a cell that is not a time."""
FIRST_YEAR, LAST_YEAR = 1900, 2200

_EPOCH_UNITS = ((1e11, 1e6), (1e14, 1e3), (1e17, 1.0), (math.inf, 1e-3))
"""Upper bound of counts in seconds, milliseconds, microseconds and nanoseconds, and their factor to microseconds."""
_SMALLEST_EPOCH = 1e8
_SECOND = 1_000_000

Times = npt.NDArray[np.int64]


@dataclass(frozen=True)
class BarTimes:
    """The times of the rows in microseconds, `NO_TIME` where a cell is not a time, and a note on how they were read.

    `wall` are the times as the file writes them, on the clock of each row's own offset; None where that is UTC.
    """

    utc: Times
    wall: Times | None
    note: str


def read_times(path: Path, column: pa.Array) -> BarTimes:
    """Return the times of `column`.

    Raises:
        BarFileError: they are numbers, but neither days such as 20200131 nor counts since 1970.
    """
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return _from_timestamps(column)
    if not _is_numeric(path, column):
        return _from_text(column.cast(pa.string()))
    counts = numbers(path, "of times", column)
    if _are_days(counts):
        return _from_text(pa.array(["" if math.isnan(count) else f"{count:.0f}" for count in counts]))
    return _from_epochs(path, counts)


def _from_timestamps(column: pa.Array) -> BarTimes:
    zone = getattr(column.type, "tz", None)
    times = column.cast(pa.timestamp("us", tz=zone), safe=False)
    if zone in (None, "UTC"):
        return BarTimes(_microseconds(times), None, "times are UTC")
    wall = _microseconds(pc.local_timestamp(times))
    return BarTimes(_microseconds(times), wall, f"times converted from {zone} to UTC")


def _microseconds(column: pa.Array) -> Times:
    return np.asarray(column.cast(pa.int64()).fill_null(NO_TIME).to_numpy(zero_copy_only=False), dtype=np.int64)


def _is_numeric(path: Path, column: pa.Array) -> bool:
    """Judge by most of the first cells, so that one bad cell does not decide."""
    sample = numbers(path, "of times", column.slice(0, 100))
    return bool(np.isfinite(sample).mean() > 0.5) if len(sample) else False


# --- numbers ---------------------------------------------------------------------------------------------------------


def _are_days(counts: Floats) -> bool:
    """Return whether the numbers are days written as 20200131."""
    finite = counts[np.isfinite(counts)]
    return bool(np.all((finite >= FIRST_YEAR * 10_000) & (finite < (LAST_YEAR + 1) * 10_000)))


def _from_epochs(path: Path, counts: Floats) -> BarTimes:
    finite = np.isfinite(counts)
    size = float(np.median(np.abs(counts[finite])))
    if size < _SMALLEST_EPOCH:
        raise BarFileError(
            f"{path}: its times are numbers such as {counts[finite][0]:g}, too small to be a count since 1970"
        )
    to_microseconds = next(factor for limit, factor in _EPOCH_UNITS if size < limit)
    times = np.full(len(counts), NO_TIME)
    times[finite] = np.rint(np.clip(counts[finite] * to_microseconds, -9e18, 9e18)).astype(np.int64)
    return BarTimes(times, None, "times counted from 1970 UTC")


# --- ISO 8601 --------------------------------------------------------------------------------------------------------

_MONTH = r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})"
_DAY = r"(?P<year1>\d{4})(?P<separator>[-/.])(?P<month1>\d{1,2})(?P<repeated>[-/.])(?P<day>\d{1,2})"
_COMPACT_DAY = r"(?P<year2>\d{4})(?P<month2>\d{2})(?P<day1>\d{2})"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.(?P<fraction>\d*))?)?"
_COMPACT_CLOCK = r"(?P<hour1>\d{2})(?:(?P<minute1>\d{2})(?:(?P<second1>\d{2})(?:\.(?P<fraction1>\d*))?)?)?"
_OFFSET = r"Z|(?P<sign>[+-])(?P<offset_hour>\d{1,2})(?::?(?P<offset_minute>\d{2}))?"
_OFFSET_AT_END = rf" *(?:{_OFFSET}) *$"
_ISO_8601 = (
    rf"^ *(?:{_MONTH}|(?:{_DAY}|{_COMPACT_DAY})"
    rf"(?:[T ](?:{_CLOCK}|{_COMPACT_CLOCK}) *(?P<zone>{_OFFSET})? *)?)$"
)
"""ISO 8601, and days with slashes or dots. A digit ends the name of a group that spells the same field another way."""


_WITHOUT_OFFSETS = "times carry no offset: taken as UTC"
_WITH_OFFSETS = "times converted from their offsets to UTC"


class _Fields:
    """The groups of the texts that match `_ISO_8601`."""

    def __init__(self, groups: pa.StructArray) -> None:
        self._groups = dict(zip((field.name for field in groups.type), groups.flatten(), strict=True))

    def text(self, name: str) -> pa.Array:
        """Return the field by whichever spelling matched; the groups of the others are empty."""
        spellings = [group for key, group in self._groups.items() if key.rstrip("12") == name]
        used = [group for group in spellings if _has_text(group)] or spellings[:1]
        return used[0] if len(used) == 1 else pc.binary_join_element_wise(*used, "")

    def integers(self, name: str, default: int = 0) -> Times:
        text = self.text(name)
        if not _has_text(text):
            return np.full(len(text), default)
        return np.asarray(pc.if_else(pc.equal(text, ""), str(default), text).cast(pa.int64()))

    def microseconds(self) -> Times:
        """Return the fraction of the second, cut after six digits."""
        digits = pc.utf8_rpad(pc.utf8_slice_codeunits(self.text("fraction"), 0, 6), 6, "0")
        return np.asarray(digits.cast(pa.int64()))

    def equal(self, name: str, other: str | pa.Array) -> npt.NDArray[np.bool_]:
        return np.asarray(pc.equal(self.text(name), other))


def _from_text(column: pa.Array) -> BarTimes:
    if (times := _cast(column, zone=None)) is not None:
        return BarTimes(times, None, _WITHOUT_OFFSETS)
    if (times := _cast(column, zone="UTC")) is not None:
        wall = _cast(pc.replace_substring_regex(column, _OFFSET_AT_END, ""), zone=None)
        return BarTimes(times, _unless_equal(wall, times), _WITH_OFFSETS)
    return _match(column)


def _unless_equal(wall: Times | None, utc: Times) -> Times | None:
    return None if wall is None or np.array_equal(wall, utc) else wall


def _cast(column: pa.Array, zone: str | None) -> Times | None:
    """Read times as Arrow does, which is many times as fast as `_match`; None if it cannot read all of them."""
    kind = pa.timestamp("us", tz=zone)
    try:
        column.slice(0, 1).cast(kind)  # to fail early: a cast that fails on every row is slow
        return _microseconds(column.cast(kind))
    except pa.ArrowInvalid:
        return None


def _match(column: pa.Array) -> BarTimes:
    """Read times by `_ISO_8601`, which knows more spellings, and tells cells that are not times."""
    groups = pc.extract_regex(column, _ISO_8601)
    fields = _Fields(groups.drop_null())
    wall = np.full(len(column), NO_TIME)
    matched = np.asarray(groups.is_valid())
    wall[matched] = _from_fields(fields)
    offsets = np.zeros(len(column), dtype=np.int64)
    offsets[matched] = _offsets(fields)
    utc = np.where(wall == NO_TIME, NO_TIME, wall - offsets)
    note = _WITH_OFFSETS if _has_text(fields.text("zone")) else _WITHOUT_OFFSETS
    return BarTimes(utc, _unless_equal(wall, utc), note)


def _has_text(group: pa.Array) -> bool:
    return bool(pc.any(pc.not_equal(group, "")).as_py())


def _from_fields(fields: _Fields) -> Times:
    """Return the times as written, without their offsets."""
    month, day = fields.integers("month"), fields.integers("day", default=1)
    months = (fields.integers("year") - 1970) * 12 + month - 1
    first, next_first = _first_day(months), _first_day(months + 1)
    hour, minute, second = (fields.integers(name) for name in ("hour", "minute", "second"))
    offset_hour, offset_minute = fields.integers("offset_hour"), fields.integers("offset_minute")
    valid = (month >= 1) & (month <= 12) & (day >= 1) & (day <= next_first - first)
    valid &= (hour < 24) & (minute < 60) & (second < 60) & (offset_hour < 24) & (offset_minute < 60)
    valid &= fields.equal("separator", fields.text("repeated"))
    minutes = ((first + day - 1) * 24 + hour) * 60 + minute
    return np.where(valid, (minutes * 60 + second) * _SECOND + fields.microseconds(), NO_TIME)


def _offsets(fields: _Fields) -> Times:
    """Return how far the clock of each time is ahead of UTC, in microseconds."""
    east = np.where(fields.equal("sign", "-"), -1, 1)
    minutes = fields.integers("offset_hour") * 60 + fields.integers("offset_minute")
    return np.asarray(east * minutes * 60 * _SECOND, dtype=np.int64)


def _first_day(months: Times) -> Times:
    """Return the first day of each month, both counted from January 1970."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
