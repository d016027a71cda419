"""Reading a bar file: CSV or Parquet with a time and open, high, low, close and volume, checked row by row.

Nothing is repaired by guessing: a file with a bad row is refused as a whole, and its bad rows are named.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from tickfold.engine.bars import MICROSECONDS_PER_DAY, Bars
from tickfold.errors import RunError
from tickfold.market_data.timeframe import is_timeframe, timeframe_of, timeframe_seconds

ROUNDING = 1e-6
"""How far, relative to the price, an open or close may lie outside low…high, or a high below its low.

Adjusting for splits and dividends multiplies each price on its own, in some sources in single precision, whose
rounding is about 1e-7; prices that were equal before then differ by that much, and the bar is sound all the same.
"""

_PRICES = ("open", "high", "low", "close")
_NAMELESS = ("", "unnamed: 0", "index", "__index_level_0__")
_TIME_NAMES = ("timestamp", "datetime", "date", "time", *_NAMELESS)
_FAULTS_SHOWN = 20
_FEWEST_STEPS = 5  # a Friday and a Monday do not make a series of three days
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_EPOCH_UNITS = ((1e11, 1e6), (1e14, 1e3), (1e17, 1.0), (math.inf, 1e-3))
_OFFSET = r":\d{2}[:.\d]*\s*(?:[Zz]|UTC|[+-]\d{2}(?::?\d{2})?)$"
_NO_TIME = np.iinfo(np.int64).min

Times = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class BarFileError(RunError):
    """A bar file cannot be loaded. The message says what is wrong with it, one bad row a line."""


@dataclass(frozen=True)
class BarFile:
    """What a bar file holds: bars in time order, their timeframe, and what was assumed or changed in reading them."""

    bars: Bars
    timeframe: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Table:
    """A file's columns as they stand, the place of each row in the file, and the rows that have no columns."""

    columns: dict[str, pa.Array]
    place: str
    places: npt.NDArray[np.int64]
    misshapen: dict[int, str]


@dataclass(frozen=True)
class _Rule:
    """Rows that break a rule, and how to say so of one of them."""

    broken: Mask
    describe: Callable[[int], str]


def read_bar_file(path: Path | str, timeframe: str | None = None) -> BarFile:
    """Read the bars in `path`; their timeframe is the most frequent step, or `timeframe` where no step stands out.

    Columns may come in any case and order: timestamp (or datetime, date, date and time apart, time, or the nameless
    first column that pandas writes), open, high, low, close, volume; others are ignored. A time is ISO 8601, taken
    as UTC unless it carries an offset; or a day such as 20200131; or a count of seconds, milliseconds, microseconds
    or nanoseconds since 1970 UTC. Rows out of order are sorted. Without a volume column, volumes are 0.

    Raises:
        BarFileError: the file cannot be read or lacks a column; or a row is bad (not a number, not finite, a price
            not above 0, a negative volume, a high below its low, an open or close outside low…high, no time, a time
            that another row has); or the timeframe cannot be told, or is not the one given.
    """
    path = Path(path)
    table = _read_table(path)
    columns = _pick_columns(path, table.columns)
    notes: list[str] = []
    time_column = columns.pop("time")
    times = _read_times(path, time_column, notes)
    values = {name: _numbers(path, name, column) for name, column in columns.items()}
    rules = [*_time_rules(times, time_column, table), *_number_rules(columns, values), *_price_rules(values)]
    _refuse_bad_rows(path, table, rules)
    if len(times) == 0:
        raise BarFileError(f"{path} has no bars")
    if "volume" not in values:
        values["volume"] = np.zeros(len(times))
        notes.append("no volume column: volumes are 0")
    order = np.argsort(times, kind="stable")
    if np.any(np.diff(order) < 0):
        notes.append("rows were out of order: sorted by time")
    opens, highs, lows, closes, volumes = (values[name][order] for name in (*_PRICES, "volume"))
    bars = Bars(times[order], opens, highs, lows, closes, volumes)
    return BarFile(bars, _settle_timeframe(path, bars.timestamp, timeframe, notes), tuple(notes))


# --- the table -------------------------------------------------------------------------------------------------------


def _read_table(path: Path) -> _Table:
    if not path.is_file():
        raise BarFileError(f"{path} is not a file" if path.exists() else f"{path} does not exist")
    try:
        with path.open("rb") as file:
            is_parquet = file.read(4) == b"PAR1"
        return _read_parquet(path) if is_parquet else _read_csv(path)
    except (OSError, ValueError, pa.ArrowException) as error:  # a ValueError is text that is not UTF-8
        reason = str(error).splitlines()[0]
        raise BarFileError(f"{path} cannot be read as CSV or Parquet: {reason}") from None


def _read_csv(path: Path) -> _Table:
    misshapen: dict[int, str] = {}

    def skip(row: pyarrow.csv.InvalidRow) -> str:
        if row.text.strip():
            misshapen[row.number] = f"{row.actual_columns} fields where the header has {row.expected_columns}"
        return "skip"

    table = pyarrow.csv.read_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(use_threads=False),  # with threads, rows have no numbers
        parse_options=pyarrow.csv.ParseOptions(ignore_empty_lines=False, invalid_row_handler=skip),
        convert_options=pyarrow.csv.ConvertOptions(default_column_type=pa.string()),
    )
    lines = np.setdiff1d(np.arange(2, 2 + table.num_rows + len(misshapen)), list(misshapen))
    columns = [column.combine_chunks() for column in table.columns]
    blank = np.logical_and.reduce([_flags(pc.equal(column, "")) for column in columns])
    kept = pa.array(~blank)
    named = _by_name(path, table.column_names, [column.filter(kept) for column in columns])
    return _Table(named, "line", lines[~blank], misshapen)


def _read_parquet(path: Path) -> _Table:
    table = pq.ParquetFile(path).read()
    columns = [column.combine_chunks() for column in table.columns]
    named = _by_name(path, table.column_names, columns)
    return _Table(named, "row", np.arange(1, 1 + table.num_rows), {})


def _by_name(path: Path, names: list[str], columns: list[pa.Array]) -> dict[str, pa.Array]:
    lowered = [name.strip().lower() for name in names]
    wanted = {*_TIME_NAMES, *_PRICES, "volume"}
    twice = sorted({name for name in lowered if name in wanted and lowered.count(name) > 1})
    if twice:
        raise BarFileError(f"{path} has more than one column {twice[0] or 'without a name'}: keep one")
    return dict(zip(lowered, columns, strict=True))


def _pick_columns(path: Path, columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
    time_name = next((name for name in _TIME_NAMES if name in columns), None)
    missing = ["timestamp or date"] if time_name is None else []
    missing += [name for name in _PRICES if name not in columns]
    if time_name is None or missing:
        found = ", ".join(name or "(nameless)" for name in columns)
        raise BarFileError(f"{path} lacks a column {', '.join(missing)}; its columns are: {found}")
    picked = {"time": columns[time_name]}
    if time_name == "date" and "time" in columns:
        parts = (columns[name].cast(pa.string()) for name in ("date", "time"))
        picked["time"] = pc.binary_join_element_wise(*parts, " ")
    return picked | {name: columns[name] for name in (*_PRICES, "volume") if name in columns}


# --- numbers ---------------------------------------------------------------------------------------------------------


def _numbers(path: Path, name: str, column: pa.Array) -> Floats:
    """Return `column` as float64, each the nearest to what is written; nan where a cell is no number."""
    try:
        return _floats(column.cast(pa.float64()))
    except pa.ArrowNotImplementedError:
        raise BarFileError(f"{path}: column {name} holds {column.type}, not numbers") from None
    except pa.ArrowInvalid:
        return np.array([_number(cell) for cell in column.to_pylist()], dtype=np.float64)


def _number(cell: object) -> float:
    text = str(cell).strip()
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan


def _floats(column: pa.Array) -> Floats:
    return np.asarray(column.fill_null(math.nan).to_numpy(zero_copy_only=False), dtype=np.float64)


def _flags(column: pa.Array) -> Mask:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.bool_)


# --- times -----------------------------------------------------------------------------------------------------------


def _read_times(path: Path, column: pa.Array, notes: list[str]) -> Times:
    """Return microseconds since 1970 UTC, or `_NO_TIME` where a cell is no time."""
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        zone = getattr(column.type, "tz", None)
        notes.append(f"times converted from {zone} to UTC" if zone not in (None, "UTC") else "times are UTC")
        microseconds = column.cast(pa.timestamp("us", tz=zone), safe=False).cast(pa.int64())
        return np.asarray(microseconds.fill_null(_NO_TIME).to_numpy(zero_copy_only=False), dtype=np.int64)
    if _is_counted(path, column):
        counts = _numbers(path, "of times", column)
        if not _are_days(counts):
            return _read_epochs(path, counts, notes)
        column = pa.array(["" if math.isnan(count) else f"{count:.0f}" for count in counts])
    return _read_iso(column.cast(pa.string()), notes)


def _is_counted(path: Path, column: pa.Array) -> bool:
    """Say whether the times are numbers; a few of the first cells tell, so that one bad cell does not."""
    sample = _numbers(path, "of times", column.slice(0, 100))
    return bool(np.isfinite(sample).mean() > 0.5) if len(sample) else False


def _are_days(counts: Floats) -> bool:
    """Say whether the numbers are days written as 20200131."""
    finite = counts[np.isfinite(counts)]
    return bool(np.all((finite >= _FIRST_YEAR * 10_000) & (finite < (_LAST_YEAR + 1) * 10_000)))


def _read_epochs(path: Path, counts: Floats, notes: list[str]) -> Times:
    finite = np.isfinite(counts)
    size = float(np.median(np.abs(counts[finite])))
    if size < 1e8:
        raise BarFileError(
            f"{path}: its times are numbers such as {counts[finite][0]:g}, too small to be a count since 1970"
        )
    to_microseconds = next(factor for limit, factor in _EPOCH_UNITS if size < limit)
    notes.append("times counted from 1970 UTC")
    times = np.full(len(counts), _NO_TIME)
    times[finite] = np.rint(np.clip(counts[finite] * to_microseconds, -9e18, 9e18)).astype(np.int64)
    return times


def _read_iso(column: pa.Array, notes: list[str]) -> Times:
    texts = column.to_pandas()
    parsed = pd.to_datetime(texts, utc=True, errors="coerce", format="ISO8601").dt.tz_localize(None)
    with_offset = bool(pc.any(pc.match_substring_regex(column, _OFFSET)).as_py())
    notes.append("times converted from their offsets to UTC" if with_offset else "times carry no offset: taken as UTC")
    return np.asarray(parsed.to_numpy(dtype="datetime64[us]").astype(np.int64))


# --- bad rows --------------------------------------------------------------------------------------------------------


def _time_rules(times: Times, column: pa.Array, table: _Table) -> list[_Rule]:
    known = times != _NO_TIME
    first, last = (np.datetime64(f"{year}-01-01", "us").astype(np.int64) for year in (_FIRST_YEAR, _LAST_YEAR + 1))
    order = np.argsort(times, kind="stable")
    repeated = np.zeros(len(times), dtype=np.bool_)
    repeated[order[1:]] = np.diff(times[order]) == 0

    def describe_repeated(row: int) -> str:
        original = int(table.places[np.flatnonzero(times == times[row])[0]])
        return f"time {_shown_time(times[row])} is already on {table.place} {original}"

    return [
        _Rule(
            ~known,
            lambda row: f"time {_cell(column, row)} is neither ISO 8601 (2020-01-31 09:30) nor a count since 1970",
        ),
        _Rule(
            known & ((times < first) | (times >= last)),
            lambda row: f"time {_cell(column, row)} is not within {_FIRST_YEAR}…{_LAST_YEAR}",
        ),
        _Rule(known & repeated, describe_repeated),
    ]


def _number_rules(columns: dict[str, pa.Array], values: dict[str, Floats]) -> list[_Rule]:
    return [rule for name in values for rule in _rules_of_column(name, columns[name], values[name])]


def _rules_of_column(name: str, column: pa.Array, values: Floats) -> list[_Rule]:
    allowed, wanted = (values >= 0, "0 or more") if name == "volume" else (values > 0, "above 0")
    finite = np.isfinite(values)
    return [
        _Rule(~finite, lambda row: f"{name} {_cell(column, row)} is not a finite number"),
        _Rule(finite & ~allowed, lambda row: f"{name} {_cell(column, row)} is not {wanted}"),
    ]


def _price_rules(values: dict[str, Floats]) -> list[_Rule]:
    high, low = values["high"], values["low"]
    with np.errstate(invalid="ignore"):
        slack = ROUNDING * np.abs(high)
        crossed = high < low - slack
        rules = [_Rule(crossed, lambda row: f"high {high[row]} is below low {low[row]}")]
        for name in ("open", "close"):
            price = values[name]
            outside = ~crossed & ((price > high + slack) | (price < low - slack))
            rules.append(_Rule(outside, _describe_outside(name, price, low, high)))
    return rules


def _describe_outside(name: str, price: Floats, low: Floats, high: Floats) -> Callable[[int], str]:
    return lambda row: f"{name} {price[row]} is outside of low {low[row]} … high {high[row]}"


def _refuse_bad_rows(path: Path, table: _Table, rules: list[_Rule]) -> None:
    bad = np.flatnonzero(np.logical_or.reduce([rule.broken for rule in rules]))
    reasons = dict(table.misshapen)
    for row in bad[:_FAULTS_SHOWN]:
        reasons[int(table.places[row])] = "; ".join(rule.describe(int(row)) for rule in rules if rule.broken[row])
    if not reasons:
        return
    count = len(bad) + len(table.misshapen)
    shown = [f"  {table.place} {place}: {reasons[place]}" for place in sorted(reasons)[:_FAULTS_SHOWN]]
    rest = [f"  … and {count - len(shown):,} more"] if count > len(shown) else []
    rows = f"{count:,} bad row{'s' if count > 1 else ''}"
    raise BarFileError("\n".join([f"{path} has {rows}, nothing was loaded:", *shown, *rest]))


def _cell(column: pa.Array, row: int) -> str:
    value = column[row].as_py()
    text = repr(value) if isinstance(value, str) else str(value)
    return "(empty)" if value in (None, "") else text[:40]


def _shown_time(microseconds: np.int64) -> str:
    return f"{np.datetime64(int(microseconds), 'us').astype('datetime64[s]')}Z"


# --- timeframe -------------------------------------------------------------------------------------------------------


def _settle_timeframe(path: Path, times: Times, given: str | None, notes: list[str]) -> str:
    if given is not None and not is_timeframe(given):
        raise BarFileError(f"timeframe {given!r} is not a number and a unit: 1m, 5m, 1h, 1d, 1w")
    inferred = infer_timeframe(times)
    if given is None and inferred is None and (inferred := _assume_timeframe(times)):
        notes.append(f"too few bars to be sure of their timeframe: taken as {inferred}")
    if given is None and inferred is None:
        raise BarFileError(f"{path}: no step between bars stands out; say which timeframe it is, such as 1m, 1h or 1d")
    if given is None or inferred is None:
        return given or str(inferred)
    canonical = timeframe_of(timeframe_seconds(given))
    if canonical != inferred:
        raise BarFileError(f"{path}: timeframe {given} was given, but most bars are {inferred} apart")
    if canonical != given:
        notes.append(f"timeframe {given} is written {canonical}")
    return inferred


def infer_timeframe(times: Times) -> str | None:
    """Return the step between bars that at least half of them take, or None if there is none, or too few bars."""
    steps, counts = np.unique(np.diff(times), return_counts=True)
    if counts.sum() < _FEWEST_STEPS or counts.max() * 2 < counts.sum():
        return None
    seconds, rest = divmod(int(steps[counts.argmax()]), 1_000_000)
    return timeframe_of(seconds) if rest == 0 else None


def _assume_timeframe(times: Times) -> str | None:
    """Return the likeliest timeframe of a handful of bars: daily if all begin at midnight, else the shortest step."""
    steps = np.diff(times)
    if len(steps) >= _FEWEST_STEPS:
        return None
    if not (times % MICROSECONDS_PER_DAY).any():
        return "1d"
    return timeframe_of(int(steps.min()) // 1_000_000) if len(steps) else None
