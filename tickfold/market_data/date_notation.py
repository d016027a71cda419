"""The notations of dates and times in text: ISO 8601, day or month first, names of months, compact; by whole column."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tickfold.market_data.reading_options import DateOrder

NO_TIME = np.iinfo(np.int64).min
"""In place of a cell that is not a time."""

Times = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_SECOND = 1_000_000
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_MONTH = r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})"
_DAY = r"(?P<year1>\d{4})(?P<separator>[-/.])(?P<month1>\d{1,2})(?P<repeated>[-/.])(?P<day>\d{1,2})"
_COMPACT_DAY = r"(?P<year2>\d{4})(?P<month2>\d{2})(?P<day1>\d{2})"
_ORDERED_DAY = r"(?P<first>\d{1,2})(?P<separator>[-/.])(?P<second>\d{1,2})(?P<repeated>[-/.])(?P<third>\d{4}|\d{2})"
_NAMED_DAY = (
    r"(?:[A-Za-z]{3,9},? )?(?:(?P<day>\d{1,2})[-/. ]+(?P<name>[A-Za-z]{3,9})\.?[-/., ]+(?P<year>\d{4}|\d{2})"
    r"|(?P<name1>[A-Za-z]{3,9})\.?[- ](?P<day1>\d{1,2}),?[- ](?P<year1>\d{4})"
    r"|(?P<year2>\d{4})[-/. ](?P<name2>[A-Za-z]{3,9})[-/. ](?P<day2>\d{1,2}))"
)
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second_>\d{1,2})(?:\.(?P<fraction>\d*))?)?"
_COMPACT_CLOCK = r"(?P<hour1>\d{2})(?:(?P<minute1>\d{2})(?:(?P<second_1>\d{2})(?:\.(?P<fraction1>\d*))?)?)?"
_HOUR = r"(?P<hour2>\d{1,2})"
_HALF = r"(?P<half>[AaPp])\.?[Mm]\.?"
_ZONE = r"Z|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?|[A-Z]{3,4}|[A-Z][A-Za-z]+(?:/[A-Za-z0-9_+-]+)+"
_TIME = rf"(?:(?:{_CLOCK}|{_COMPACT_CLOCK})(?:[ ]?{_HALF})?|{_HOUR}[ -]?{_HALF.replace('half', 'half1')})"
_TAIL = rf"(?:(?:T|,? +|-){_TIME} *(?P<zone>{_ZONE})? *)?$"
_PATTERNS = {
    "iso": rf"^ *(?:{_MONTH} *$|(?:{_DAY}|{_COMPACT_DAY}){_TAIL})",
    "ordered": rf"^ *{_ORDERED_DAY}{_TAIL}",
    "named": rf"^ *{_NAMED_DAY}{_TAIL}",
    "compact": (
        r"^ *(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"
        r"(?P<hour>\d{2})(?:(?P<minute>\d{2})(?P<second_>\d{2})?)? *$"
    ),
}
"""Patterns of the notations. A digit ends the name of a group that spells the same field another way."""

_LAST_YEAR_OF_THIS_CENTURY = 68  # two digits, as POSIX reads them


class OrderError(Exception):
    """The order of day and month cannot be known. The message names a date that may be read in two ways."""


@dataclass(frozen=True)
class DateTexts:
    """Times on the clock of each row, in microseconds since 1970; `NO_TIME` where a text is none in this notation.

    `zones` are the offsets or zones that the rows state, empty where they state none. `notation` names the order of
    dates that are not ISO 8601.
    """

    wall: Times
    zones: pa.Array
    notation: str | None


def read_dates(column: pa.Array, order: DateOrder | None) -> DateTexts:
    """Read the texts of `column`, all in the one notation that most of them are in.

    Two-digit years are 1969…2068. Day, month and year in digits are ordered as the whole column admits, or as `order`.

    Raises:
        OrderError: the column admits more than one order, and they differ.
    """
    column = pc.utf8_trim(column.fill_null(""), " \t\"'")
    fullest = max(
        _PATTERNS.values(), key=lambda pattern: pc.sum(pc.match_substring_regex(column, pattern)).as_py() or 0
    )
    groups = pc.extract_regex(column, fullest)
    matched = np.asarray(groups.is_valid())
    fields = _Fields(groups.drop_null())
    date, notation = _dates(fields, fullest, order)
    wall = np.full(len(column), NO_TIME)
    wall[matched] = _on(date, fields)
    zones = pc.if_else(groups.is_valid(), pc.struct_field(groups, "zone"), "") if fields.has("zone") else None
    return DateTexts(wall, pa.array([""] * len(column)) if zones is None else zones.fill_null(""), notation)


class _Fields:
    """The groups of the texts that match a pattern."""

    def __init__(self, groups: pa.StructArray) -> None:
        self._groups = dict(zip((field.name for field in groups.type), groups.flatten(), strict=True))
        self._length = len(groups)

    def has(self, name: str) -> bool:
        return any(key.rstrip("12") == name for key in self._groups)

    def text(self, name: str) -> pa.Array:
        """Return the field by whichever spelling matched; the groups of the others are empty."""
        spellings = [group for key, group in self._groups.items() if key.rstrip("12") == name]
        used = [group for group in spellings if _has_text(group)] or spellings[:1]
        if not used:
            return pa.array([""] * self._length, pa.string())
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

    def equal(self, name: str, other: str | pa.Array) -> Mask:
        return np.asarray(pc.equal(self.text(name), other))


def _has_text(group: pa.Array) -> bool:
    return bool(pc.any(pc.not_equal(group, "")).as_py())


# --- days ------------------------------------------------------------------------------------------------------------


def _dates(fields: _Fields, pattern: str, order: DateOrder | None) -> tuple[Times, str | None]:
    """Return the days since 1970, `NO_TIME` where there is no such day, and the notation."""
    if pattern == _PATTERNS["ordered"]:
        return _ordered(fields, order)
    if pattern == _PATTERNS["named"]:
        return _days(
            _full_years(fields, "year"), _named_months(fields), fields.integers("day")
        ), "dates with month names"
    days = _days(fields.integers("year"), fields.integers("month"), fields.integers("day", default=1))
    if pattern == _PATTERNS["compact"]:
        return days, "compact times yyyymmddhhmm"
    repeated = fields.equal("separator", fields.text("repeated"))
    return np.where(repeated, days, NO_TIME), None


def _days(year: Times, month: Times, day: Times) -> Times:
    months = (year - 1970) * 12 + month - 1
    first, next_first = _first_day(months), _first_day(months + 1)
    valid = (month >= 1) & (month <= 12) & (day >= 1) & (day <= next_first - first)
    return np.where(valid, first + day - 1, NO_TIME)


def _first_day(months: Times) -> Times:
    """Return the first day of each month, both counted from January 1970."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _full_years(fields: _Fields, name: str) -> Times:
    """Return years of four digits, those of two in 1969…2068."""
    year = fields.integers(name)
    short = np.asarray(pc.less_equal(pc.utf8_length(fields.text(name)), 2))
    return np.where(short, year + np.where(year <= _LAST_YEAR_OF_THIS_CENTURY, 2000, 1900), year)


def _named_months(fields: _Fields) -> Times:
    """Return the months that English names or their first three letters spell; 0 for other words."""
    start = pc.utf8_lower(pc.utf8_slice_codeunits(fields.text("name"), 0, 3))
    return np.asarray(pc.index_in(start, pa.array(_MONTHS)).fill_null(-1).cast(pa.int64())) + 1


def _ordered(fields: _Fields, given: DateOrder | None) -> tuple[Times, str]:
    same = fields.equal("separator", fields.text("repeated"))
    first, second = fields.integers("first"), fields.integers("second")
    readings: dict[DateOrder, Callable[[], Times]] = {
        "dmy": lambda: _days(_full_years(fields, "third"), second, first),
        "mdy": lambda: _days(_full_years(fields, "third"), first, second),
        "ymd": lambda: _days(_full_years(fields, "first"), second, fields.integers("third")),
    }
    has_long_years = bool(pc.any(pc.equal(pc.utf8_length(fields.text("third")), 4)).as_py())
    orders: list[DateOrder] = [given] if given else ["dmy", "mdy"] if has_long_years else ["dmy", "mdy", "ymd"]
    days = {order: np.where(same, readings[order](), NO_TIME) for order in orders}
    order = _only_order(days, fields)
    mark = fields.text("separator")[0].as_py()
    year = "yyyy" if has_long_years else "yy"
    spelled = mark.join({"d": "dd", "m": "mm", "y": year}[letter] for letter in order)
    return days[order], f"dates {spelled}"


def _only_order(days: dict[DateOrder, Times], fields: _Fields) -> DateOrder:
    """Return the order under which most texts are dates.

    Where several are left: the year is first or last as leaves the rows in order; and dates with dots and four digits
    of a year are day first, since nobody writes them otherwise.
    """
    valid = {order: int((found != NO_TIME).sum()) for order, found in days.items()}
    best = [order for order, count in valid.items() if count == max(valid.values())]
    if "ymd" in best and len(best) > 1:
        sorted_ones = [order for order in best if _in_order(days[order])]
        best = sorted_ones if sorted_ones == ["ymd"] or (sorted_ones and "ymd" not in sorted_ones) else best
    if "dmy" in best and "ymd" not in best and pc.all(pc.equal(fields.text("separator"), ".")).as_py():
        return "dmy"
    differing = [np.flatnonzero(days[best[0]] != days[other]) for other in best[1:]]
    for rows in differing:
        if len(rows):
            parts = (
                fields.text(name)[int(rows[0])].as_py()
                for name in ("first", "separator", "second", "separator", "third")
            )
            raise OrderError("".join(parts))
    return best[0]


def _in_order(days: Times) -> bool:
    steps = np.diff(days)
    return bool((steps >= 0).all() or (steps <= 0).all())


# --- clocks ----------------------------------------------------------------------------------------------------------


def _on(days: Times, fields: _Fields) -> Times:
    """Return the times on `days`, `NO_TIME` where the clock shows none."""
    hour, minute, second = (fields.integers(name) for name in ("hour", "minute", "second_"))
    half = pc.utf8_lower(fields.text("half"))
    afternoon, twelve = np.asarray(pc.equal(half, "p")), np.asarray(pc.not_equal(half, ""))
    valid = (days != NO_TIME) & (hour < 24) & (minute < 60) & (second < 60)
    valid &= ~twelve | ((hour >= 1) & (hour <= 12))
    hour = np.where(twelve, hour % 12 + 12 * afternoon, hour)
    microseconds = ((np.where(valid, days, 0) * 24 + hour) * 60 + minute) * 60 * _SECOND
    return np.where(valid, microseconds + second * _SECOND + fields.microseconds(), NO_TIME)
