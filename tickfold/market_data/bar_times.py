"""The times in a bar file: dates, timestamps, text in any notation, and counts since 1970, in microseconds."""

import re
from dataclasses import dataclass, field
from zoneinfo import available_timezones

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tickfold.market_data.bar_numbers import numbers
from tickfold.market_data.bar_table import BarFileError, Floats, Source
from tickfold.market_data.date_notation import NO_TIME, DateTexts, Mask, OrderError, Times, read_dates
from tickfold.market_data.epochs import SMALLEST_EPOCH, epochs_to_times
from tickfold.market_data.reading_options import DETECT, ReadingOptions
from tickfold.market_data.time_zone import find_zone, to_utc
from tickfold.protocol.spelling import suggestion

FIRST_YEAR, LAST_YEAR = 1900, 2200

_SERIAL_DAYS = (20_000, 80_000)
"""Days of a spreadsheet, counted from 1900, of the years 1954 to 2119."""
_SURE_DIGITS = 8
"""Digits of a count in exponent notation; a spreadsheet shows six."""

_WITHOUT_OFFSETS = "times carry no offset: taken as UTC"
_WITH_OFFSETS = "times converted from their offsets to UTC"


@dataclass(frozen=True)
class BarTimes:
    """The times of the rows in microseconds, `NO_TIME` where a cell is not a time, and a note on how they were read.

    `wall` are the times as the file writes them, on the clock of each row's own offset; None where that is UTC.
    `notation` names how they are written if not in ISO 8601. `faults` are rows without a time, by the reason.
    """

    utc: Times
    wall: Times | None
    note: str
    notation: tuple[str, ...] = ()
    faults: dict[str, Mask] = field(default_factory=dict)


def read_times(
    source: Source, column: pa.Array, options: ReadingOptions = DETECT, header_zone: str | None = None
) -> BarTimes:
    """Return the times of `column`. Those without an offset are in the zone of `options`, or the header's, or UTC.

    Raises:
        BarFileError: they are numbers, but neither days such as 20200131 nor counts since 1970; the order of day and
            month cannot be known; or a time zone is unknown.
    """
    zone = _stated_zone(source, options, header_zone)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return _from_timestamps(column, zone)
    if not _is_numeric(source, column):
        return _from_text(source, column.cast(pa.string()), options, zone)
    counts = _counts(source, column)
    if options.time_unit is None and (digits := _calendar_digits(counts)):
        texts = pa.array(["" if np.isnan(count) else f"{count:.0f}" for count in counts])
        return _from_text(source, texts, options, zone) if digits == 8 else _match(source, texts, options, zone)
    return _from_epochs(source, column, counts, options)


def _stated_zone(source: Source, options: ReadingOptions, header_zone: str | None) -> str | None:
    """Return the zone of times without an offset: None for UTC that nobody stated."""
    if options.timezone:
        if find_zone(options.timezone) is None and options.timezone not in available_timezones():
            guess = suggestion(options.timezone, available_timezones())
            raise BarFileError(
                f"--timezone {options.timezone} is not a time zone{guess}: expected such as Europe/Berlin, +01:00"
            )
        return options.timezone
    if header_zone and find_zone(header_zone) is None:
        raise BarFileError(
            f"{source}: the header names the time zone {header_zone}, which is not known: say it by --timezone, "
            "such as America/New_York or -05:00"
        )
    return header_zone


def _from_timestamps(column: pa.Array, stated: str | None) -> BarTimes:
    zone = getattr(column.type, "tz", None)
    times = column.cast(pa.timestamp("us", tz=zone), safe=False)
    if zone is None and stated:
        return _in_zone(_microseconds(times), stated, ())
    if zone in (None, "UTC"):
        return BarTimes(_microseconds(times), None, "times are UTC")
    wall = _microseconds(pc.local_timestamp(times))
    return BarTimes(_microseconds(times), wall, f"times converted from {zone} to UTC")


def _microseconds(column: pa.Array) -> Times:
    return np.asarray(column.cast(pa.int64()).fill_null(NO_TIME).to_numpy(zero_copy_only=False), dtype=np.int64)


# --- numbers ---------------------------------------------------------------------------------------------------------


def _is_numeric(source: Source, column: pa.Array) -> bool:
    """Judge by most of the first cells, so that one bad cell does not decide."""
    sample = _counts(source, column.slice(0, 100))
    return bool(np.isfinite(sample).mean() > 0.5) if len(sample) else False


def _counts(source: Source, column: pa.Array) -> Floats:
    """Return the numbers in a column of times, nan where a cell is none."""
    try:
        return numbers(source, "of times", column)
    except pa.ArrowInvalid:
        trimmed = pc.utf8_trim(column, " \t\"'")
        is_number = pc.match_substring_regex(trimmed, r"^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?$")
        return numbers(source, "of times", pc.if_else(is_number, trimmed, None))


def _calendar_digits(counts: Floats) -> int | None:
    """Return how many digits the numbers have if most are written as 20200131, with hours, minutes and seconds or not.

    Dates and hours by chance are less than one in a hundred counts since 1970.
    """
    finite = counts[np.isfinite(counts)]
    for digits, unit in ((8, 1), (10, 100), (12, 10_000), (14, 1_000_000)):
        day, clock = np.divmod(finite, unit)
        if not len(finite) or not (np.floor(finite) == finite).all():
            return None
        month_day = day % 10_000
        fits = (day >= FIRST_YEAR * 10_000) & (day < (LAST_YEAR + 1) * 10_000)
        if digits == 8:
            if fits.all():
                return digits
            continue
        fits &= (month_day // 100 >= 1) & (month_day // 100 <= 12) & (month_day % 100 >= 1) & (month_day % 100 <= 31)
        fits &= (clock // (unit // 100) < 24) & (unit == 100 or clock // (unit // 10_000) % 100 < 60)
        if fits.mean() > 0.5:
            return digits
    return None


def _from_epochs(source: Source, column: pa.Array, counts: Floats, options: ReadingOptions) -> BarTimes:
    finite = counts[np.isfinite(counts)]
    size = float(np.median(np.abs(finite)))
    if options.time_unit is None and size < SMALLEST_EPOCH:
        low, high = _SERIAL_DAYS
        serial = "; a spreadsheet's serial days? format them as dates and export again" if low < size < high else ""
        raise BarFileError(
            f"{source}: its times are numbers such as {finite[0]:g}, too small to be a count since 1970{serial}"
        )
    shortened = _shortened(column)
    times, units = epochs_to_times(np.where(shortened, np.nan, counts), options.time_unit)
    faults = {"has lost digits in a spreadsheet: export the column as text": shortened}
    notation = (f"times in {units}",) if options.time_unit or " and " in units else ()
    return BarTimes(times, None, "times counted from 1970 UTC", notation, faults)


def _shortened(column: pa.Array) -> Mask:
    """Return the rows whose count is in exponent notation with too few digits, such as 1.57794E+12."""
    if not pa.types.is_string(column.type):
        return np.zeros(len(column), dtype=np.bool_)
    few = pc.match_substring_regex(column, rf"^\s*\d(\.\d{{0,{_SURE_DIGITS - 2}}})?[eE]\+?\d+\s*$")
    return np.asarray(few.fill_null(False))


# --- text ------------------------------------------------------------------------------------------------------------

_OFFSET_AT_END = r" *(?:Z|[+-]\d{1,2}(?::?\d{2})?) *$"


def _from_text(source: Source, column: pa.Array, options: ReadingOptions, zone: str | None) -> BarTimes:
    if (times := _cast(column, zone=None)) is not None:
        return _in_zone(times, zone, ())
    if (times := _cast(column, zone="UTC")) is not None:
        wall = _cast(pc.replace_substring_regex(column, _OFFSET_AT_END, ""), zone=None)
        return BarTimes(times, _unless_equal(wall, times), _WITH_OFFSETS)
    return _match(source, column, options, zone)


def _cast(column: pa.Array, zone: str | None) -> Times | None:
    """Read times as Arrow does, which is many times as fast as `_match`; None if it cannot read all of them."""
    kind = pa.timestamp("us", tz=zone)
    try:
        column.slice(0, 1).cast(kind)  # to fail early: a cast that fails on every row is slow
        return _microseconds(column.cast(kind))
    except pa.ArrowInvalid:
        return None


def _unless_equal(wall: Times | None, utc: Times) -> Times | None:
    return None if wall is None or np.array_equal(wall, utc) else wall


def _match(source: Source, column: pa.Array, options: ReadingOptions, zone: str | None) -> BarTimes:
    """Read times by their notation, of which there are more than Arrow knows, and tell cells that are not times."""
    try:
        dates = read_dates(column, options.date_order)
    except OrderError as error:
        raise BarFileError(
            f"{source}: day and month cannot be told apart in dates such as {error}: say --date-order dmy or mdy"
            + ("" if re.search(r"\d{4}", str(error)) else " or ymd")
        ) from None
    notation = (dates.notation,) if dates.notation else ()
    if not pc.any(pc.not_equal(dates.zones, "")).as_py():
        return _in_zone(dates.wall, zone, notation)
    return _by_row(dates, zone, notation)


def _in_zone(wall: Times, zone: str | None, notation: tuple[str, ...]) -> BarTimes:
    """Return the times `wall` in `zone`, UTC if it is None."""
    if zone is None:
        return BarTimes(wall, None, _WITHOUT_OFFSETS, notation)
    found = find_zone(zone)
    local = to_utc(wall, zone if found is None else found)
    faults = {
        f"does not exist in {zone}, where clocks are put forward": local.gaps,
        f"is there twice in {zone}, where clocks are put back, and the file has it once: write offsets": local.folds,
    }
    note = "times are UTC" if found == 0 else f"times converted from {zone} to UTC"
    if local.resolved:
        note += f"; {local.resolved} in the hour that clocks repeat taken in the order of the file"
    return BarTimes(local.utc, _unless_equal(wall, local.utc), note, notation, faults)


def _by_row(dates: DateTexts, zone: str | None, notation: tuple[str, ...]) -> BarTimes:
    """Return times whose rows state their own offsets or zones; the others are in `zone`."""
    wall, utc = dates.wall, np.full(len(dates.wall), NO_TIME)
    faults: dict[str, Mask] = {}
    for stated in pc.unique(dates.zones).to_pylist():
        rows = np.asarray(pc.equal(dates.zones, stated)) & (wall != NO_TIME)
        name = stated or zone
        if name is None:
            faults["has no offset though other rows have one: write it, or say --timezone"] = rows
        elif (found := find_zone(name)) is None and name != zone:
            faults[f"is in {name}, which is neither an offset nor a zone such as America/New_York"] = rows
        else:
            local = to_utc(wall[rows], name if found is None else found)
            utc[rows] = local.utc
            odd = np.zeros(len(wall), dtype=np.bool_)
            odd[np.flatnonzero(rows)[local.gaps | local.folds]] = True
            faults[f"is not one instant in {name}, where clocks change"] = odd
    return BarTimes(utc, _unless_equal(np.where(utc == NO_TIME, NO_TIME, wall), utc), _WITH_OFFSETS, notation, faults)
