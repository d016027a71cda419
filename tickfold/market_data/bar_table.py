"""The table in a bar file, CSV or Parquet: its columns, found by name, and the line or row of each bar."""

import codecs
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from tickfold.errors import RunError
from tickfold.market_data.file_kind import foreign_kind
from tickfold.market_data.headers import canonical_names

PRICES = ("open", "high", "low", "close")

_INDEX_NAMES = ("", "unnamed: 0", "index", "__index_level_0__")
"""Names under which pandas writes an index."""
_TIME_NAMES = ("timestamp", "datetime", "date", "time", *_INDEX_NAMES)

_HEAD_BYTES = 4096

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class BarFileError(RunError):
    """A bar file cannot be loaded. The message says what is wrong with it, one bad row per line."""


@dataclass(frozen=True)
class BarTable:
    """The columns of a bar file: `time`, the prices, and `volume` if there is one.

    `places` holds each row's number in the file, counted in lines or rows as `unit` says. `misshapen` says what is
    wrong with the lines that could not be split into columns, by their numbers.
    """

    columns: dict[str, pa.Array]
    unit: str
    places: npt.NDArray[np.int64]
    misshapen: dict[int, str]


def read_table(path: Path) -> BarTable:
    """Read the columns of the file `path`, whose first bytes tell Parquet from CSV.

    Raises:
        BarFileError: the file cannot be read, or a column is missing or there twice.
    """
    if not path.is_file():
        raise BarFileError(f"{path} is not a file" if path.exists() else f"{path} does not exist")
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        if kind := foreign_kind(head):
            raise BarFileError(f"{path} is no table of bars in CSV or Parquet: it is {kind}")
        return _read_parquet(path) if head.startswith(b"PAR1") else _read_csv(path, _encoding(head))
    except (OSError, ValueError, pa.ArrowException) as error:  # a ValueError is text that is not UTF-8
        reason = str(error).splitlines()[0]
        raise BarFileError(f"{path} cannot be read as CSV or Parquet: {reason}") from None


def _encoding(head: bytes) -> str:
    """Return the encoding that the byte order mark in `head` states; UTF-8 without one."""
    return "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"


def _read_csv(path: Path, encoding: str) -> BarTable:
    misshapen: dict[int, str] = {}

    def skip(row: pyarrow.csv.InvalidRow) -> str:
        if row.text.strip():
            misshapen[row.number] = f"{row.actual_columns} fields where the header has {row.expected_columns}"
        return "skip"

    table = pyarrow.csv.read_csv(
        path,
        # with threads, rows have no numbers
        read_options=pyarrow.csv.ReadOptions(use_threads=False, encoding=encoding),
        parse_options=pyarrow.csv.ParseOptions(ignore_empty_lines=False, invalid_row_handler=skip),
        convert_options=pyarrow.csv.ConvertOptions(default_column_type=pa.string()),
    )
    lines = np.setdiff1d(np.arange(2, 2 + table.num_rows + len(misshapen)), list(misshapen))
    columns = [column.combine_chunks() for column in table.columns]
    blank = np.logical_and.reduce([_flags(pc.equal(column, "")) for column in columns])
    kept = pa.array(~blank)
    picked = _pick_columns(path, table.column_names, [column.filter(kept) for column in columns])
    return BarTable(picked, "line", lines[~blank], misshapen)


def _flags(column: pa.Array) -> Mask:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.bool_)


def _read_parquet(path: Path) -> BarTable:
    table = pq.ParquetFile(path).read()
    picked = _pick_columns(path, table.column_names, [column.combine_chunks() for column in table.columns])
    return BarTable(picked, "row", np.arange(1, 1 + table.num_rows), {})


def _pick_columns(path: Path, names: list[str], columns: list[pa.Array]) -> dict[str, pa.Array]:
    found = _by_name(path, names, columns)
    time_name = next((name for name in _TIME_NAMES if name in found), None)
    missing = ["timestamp or date"] if time_name is None else []
    missing += [name for name in PRICES if name not in found]
    if time_name is None or missing:
        known = ", ".join(name or "(nameless)" for name in found)
        raise BarFileError(f"{path} lacks a column {', '.join(missing)}; its columns are: {known}")
    time = _join_date_and_time(found) if time_name == "date" and "time" in found else found[time_name]
    return {"time": time} | {name: found[name] for name in (*PRICES, "volume") if name in found}


def _by_name(path: Path, names: list[str], columns: list[pa.Array]) -> dict[str, pa.Array]:
    lowered = canonical_names(names)
    wanted = {*_TIME_NAMES, *PRICES, "volume"}
    twice = sorted({name for name in lowered if name in wanted and lowered.count(name) > 1})
    if twice:
        raise BarFileError(f"{path} has more than one column {twice[0] or 'without a name'}: keep one")
    return dict(zip(lowered, columns, strict=True))


def _join_date_and_time(columns: dict[str, pa.Array]) -> pa.Array:
    return pc.binary_join_element_wise(*(columns[name].cast(pa.string()) for name in ("date", "time")), " ")


def numbers(path: Path, name: str, column: pa.Array) -> Floats:
    """Return `column` as the nearest float64 values, nan where a cell is not a number.

    Raises:
        BarFileError: the column's type is not numeric.
    """
    try:
        floats = column.cast(pa.float64()).fill_null(math.nan)
    except pa.ArrowNotImplementedError:
        raise BarFileError(f"{path}: column {name} has type {column.type}, expected numbers") from None
    except pa.ArrowInvalid:
        return np.array([_number(cell) for cell in column.to_pylist()], dtype=np.float64)
    return np.asarray(floats.to_numpy(zero_copy_only=False), dtype=np.float64)


def _number(cell: object) -> float:
    text = str(cell).strip()
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan
