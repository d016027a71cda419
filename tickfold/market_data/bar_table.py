"""The table in a bar file, CSV or Parquet, or in a data frame: its columns, found by name, and the row of each bar."""

import codecs
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from tickfold.errors import RunError
from tickfold.market_data.dialect import SPACES, Dialect, DialectError, detect_dialect
from tickfold.market_data.file_kind import foreign_kind
from tickfold.market_data.headers import PRICES, SYMBOL_NAMES, TIME_NAMES, canonical_names, zone_of
from tickfold.market_data.reading_options import DETECT, ReadingOptions

_HEAD_BYTES = 4096
_SAMPLE_BYTES = 1 << 17
_GZIP = b"\x1f\x8b"
_TEXT_WITHOUT_UNICODE = "cp1252"

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Source = Path | str
"""Where bars come from, as errors name it: a file's path, or a text for a data frame."""


class BarFileError(RunError):
    """A bar file cannot be loaded. The message says what is wrong with it, one bad row per line."""


@dataclass(frozen=True)
class BarTable:
    """The columns of a bar file: `time`, the prices, and `volume`, `tick volume` and `adj close` if there are any.

    `places` holds each row's number in the file, counted in lines or rows as `unit` says. `misshapen` says what is
    wrong with the lines that could not be split into columns, by their numbers. `zone` is the time zone that the name
    of the time column states. `notation` says how the file was read where it is not plain; `has_dots` is whether
    its dialect rules out that a dot parts thousands.
    """

    columns: dict[str, pa.Array]
    unit: str
    places: npt.NDArray[np.int64]
    misshapen: dict[int, str]
    zone: str | None = None
    notation: tuple[str, ...] = ()
    is_plain: bool = True
    has_dots: bool = True

    def place(self, number: int) -> str:
        """Return where a row stands, such as `line 12`."""
        return f"{self.unit} {number}"


def read_table(path: Path, options: ReadingOptions = DETECT) -> BarTable:
    """Read the columns of the file `path`, whose first bytes tell Parquet from CSV.

    Raises:
        BarFileError: the file cannot be read; a column is missing or there twice; its dialect cannot be known; or it
            has several symbols, of which `options` names none.
    """
    if not path.is_file():
        raise BarFileError(f"{path} is not a file" if path.exists() else f"{path} does not exist")
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        if kind := foreign_kind(head):
            raise BarFileError(f"{path} is no table of bars in CSV or Parquet: it is {kind}")
        return _read_parquet(path, options) if head.startswith(b"PAR1") else _read_csv(path, head, options)
    except DialectError as error:
        raise BarFileError(f"{path} {error}") from None
    except LookupError:
        raise BarFileError(
            f"unknown encoding {options.encoding!r}: expected one such as utf-8, cp1252, utf-16"
        ) from None
    except (OSError, ValueError, pa.ArrowException) as error:  # a ValueError is text that is not in its encoding
        reason = str(error).splitlines()[0]
        raise BarFileError(f"{path} cannot be read as CSV or Parquet: {reason}") from None


# --- CSV -------------------------------------------------------------------------------------------------------------


def _read_csv(path: Path, head: bytes, options: ReadingOptions) -> BarTable:
    stream_codec = "gzip" if head.startswith(_GZIP) else None
    with pa.input_stream(str(path), compression=stream_codec) as stream:
        sample = stream.read(_SAMPLE_BYTES)
    encodings = [options.encoding] if options.encoding else _encodings(sample)
    for encoding in encodings:
        try:
            lines = _lines(sample, encoding)
            dialect = detect_dialect(lines, options)
            if not any(line.strip() for line in lines[dialect.skip :]):
                raise BarFileError(f"{path} has no bars")
            with pa.input_stream(str(path), compression=stream_codec) as stream:
                return _split(path, stream, encoding, dialect, options)
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            if encoding == encodings[-1] or not re.search("(?i)utf-?8", str(error)):
                raise
    raise AssertionError(encodings)


def _encodings(sample: bytes) -> list[str]:
    """Return the encodings to try: the one that a byte order mark states, or UTF-8 and then Windows' Latin."""
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ["utf-16"]
    if len(sample) > 1 and sample[1::2].count(0) * 2 > len(sample) // 2:
        return ["utf-16-le"]
    return ["utf-8", _TEXT_WITHOUT_UNICODE]


def _lines(sample: bytes, encoding: str) -> list[str]:
    """Return the lines of `sample`, without the last where the sample ends within it."""
    text = codecs.getincrementaldecoder(encoding)().decode(sample).removeprefix("\ufeff")
    lines = re.split("\r\n|\r|\n", text)
    return lines[:-1] if len(sample) == _SAMPLE_BYTES else lines


def _split(path: Path, stream: pa.NativeFile, encoding: str, dialect: Dialect, options: ReadingOptions) -> BarTable:
    """Split the text in `stream` into columns."""
    misshapen: dict[int, str] = {}

    def skip(row: pyarrow.csv.InvalidRow) -> str:
        if row.text.strip():
            misshapen[row.number] = f"{row.actual_columns} fields where the header has {row.expected_columns}"
        return "skip"

    source, delimiter = (stream, dialect.separator)
    if dialect.separator == SPACES:
        source, encoding, delimiter = _joined_spaces(stream, encoding), "utf-8", "\t"
    table = pyarrow.csv.read_csv(
        source,
        # with threads, rows have no numbers
        read_options=pyarrow.csv.ReadOptions(
            use_threads=False,
            encoding=encoding,
            skip_rows=dialect.skip,
            column_names=[str(place) for place in range(len(dialect.names))],  # they may repeat
        ),
        parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False, invalid_row_handler=skip),
        convert_options=pyarrow.csv.ConvertOptions(default_column_type=pa.string()),
    )
    first = dialect.skip + 1
    lines = np.setdiff1d(np.arange(first, first + table.num_rows + len(misshapen)), list(misshapen))
    columns = [column.combine_chunks() for column in table.columns]
    blank = np.logical_and.reduce([_flags(pc.equal(column, "")) for column in columns])
    kept = pa.array(~blank)
    columns = [column.filter(kept) for column in columns] if blank.any() else columns
    names, columns = _of_one_ticker(path, dialect, columns, options)
    notation = [*([encoding] if encoding == _TEXT_WITHOUT_UNICODE else []), *dialect.describe()]
    picked = BarTable(_pick_columns(path, names, columns), "line", lines[~blank], misshapen, _zone(names))
    table_of_bars = replace(
        picked,
        notation=tuple(notation),
        is_plain=dialect.separator == ",",
        has_dots=dialect.has_dots,
    )
    return _of_one_symbol(path, table_of_bars, names, columns, options)


def _joined_spaces(stream: pa.NativeFile, encoding: str) -> pa.BufferReader:
    """Return the text with each run of spaces as one tab, in UTF-8."""
    text = stream.read().decode(encoding).removeprefix("\ufeff")
    joined = re.sub(r"[ \t]+", "\t", re.sub(r"(?m)^[ \t]+|[ \t]+$", "", text))
    return pa.BufferReader(joined.encode())


def _of_one_ticker(
    path: Path, dialect: Dialect, columns: list[pa.Array], options: ReadingOptions
) -> tuple[list[str], list[pa.Array]]:
    """Return the names and columns of the one ticker, or the one that `options` name, in a header of several."""
    names = [*dialect.names]
    if dialect.tickers is None:
        return names, columns
    chosen = choose_symbol(path, sorted({*dialect.tickers} - {""}), options)
    kept = [0, *(place for place, ticker in enumerate(dialect.tickers, 1) if ticker in (chosen, ""))]
    return [names[place] for place in kept], [columns[place] for place in kept]


def _of_one_symbol(
    source: Source, table: BarTable, names: list[str], columns: list[pa.Array], options: ReadingOptions
) -> BarTable:
    """Return the rows of the one symbol that `options` name, where a column has several that share their times."""
    found = dict(zip(canonical_names(names), columns, strict=True))
    column = next((found[name] for name in SYMBOL_NAMES if name in found), None)
    if column is None:
        return table
    symbols = [str(symbol) for symbol in pc.unique(column).to_pylist()]
    time = table.columns["time"]
    if len(symbols) == 1 or pc.count_distinct(time).as_py() == len(time):
        return table
    rows = pc.equal(column.cast(pa.string()), choose_symbol(source, sorted(symbols), options))
    mask = _flags(rows)
    return replace(
        table, columns={name: each.filter(rows) for name, each in table.columns.items()}, places=table.places[mask]
    )


def choose_symbol(source: Source, symbols: list[str], options: ReadingOptions) -> str:
    """Return the only one of `symbols`, or the one that `options` name.

    Raises:
        BarFileError: there are several, and none of them is named.
    """
    wanted = (options.symbol or "").upper()
    chosen = symbols if len(symbols) == 1 else [symbol for symbol in symbols if symbol.upper() == wanted]
    if not chosen:
        shown = ", ".join(symbols[:5]) + (f" and {len(symbols) - 5} more" if len(symbols) > 5 else "")
        raise BarFileError(
            f"{source} has bars of {shown}: load each with its own --symbol, such as --symbol {symbols[0]}"
        )
    return chosen[0]


def _flags(column: pa.Array) -> Mask:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.bool_)


# --- Parquet ---------------------------------------------------------------------------------------------------------


def _read_parquet(path: Path, options: ReadingOptions) -> BarTable:
    return table_of(path, pq.ParquetFile(path).read(), options)


def table_of(source: Source, table: pa.Table, options: ReadingOptions = DETECT) -> BarTable:
    """Return the columns of an Arrow table, whose rows are counted from 1.

    Raises:
        BarFileError: a column is missing or there twice, or there are several symbols, of which `options` names none.
    """
    names, columns = table.column_names, [_plain(column.combine_chunks()) for column in table.columns]
    picked = _pick_columns(source, names, columns)
    rows = np.arange(1, 1 + table.num_rows)
    return _of_one_symbol(source, BarTable(picked, "row", rows, {}, _zone(names)), names, columns, options)


def _plain(column: pa.Array) -> pa.Array:
    """Return texts of any layout, categories of them included, as the one that CSV has."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        kind = pa.string()
    return column if kind == column.type else column.cast(kind)


# --- columns ---------------------------------------------------------------------------------------------------------


def _pick_columns(source: Source, names: list[str], columns: list[pa.Array]) -> dict[str, pa.Array]:
    found = _by_name(source, names, columns)
    time_name = next((name for name in TIME_NAMES if name in found), None)
    missing = ["timestamp or date"] if time_name is None else []
    missing += [name for name in PRICES if name not in found]
    if time_name is None or missing:
        known = ", ".join(name or "(nameless)" for name in found)
        raise BarFileError(
            f"{source} lacks a column {', '.join(missing)}; its columns are: {known}; --columns gives them other names"
        )
    time = _join_date_and_time(found) if time_name == "date" and "time" in found else found[time_name]
    others = (*PRICES, "volume", "tick volume", "adj close")
    return {"time": time} | {name: found[name] for name in others if name in found}


def _by_name(source: Source, names: list[str], columns: list[pa.Array]) -> dict[str, pa.Array]:
    canonical = canonical_names(names)
    wanted = {*TIME_NAMES, *PRICES, "volume", "adj close"}
    twice = sorted({name for name in canonical if name in wanted and canonical.count(name) > 1})
    if twice:
        raise BarFileError(f"{source} has more than one column {twice[0] or 'without a name'}: keep one")
    return dict(zip(canonical, columns, strict=True))


def _zone(names: list[str]) -> str | None:
    """Return the time zone that the name of the column of times states, or of either if date and time are apart."""
    zones = dict(zip(canonical_names(names), map(zone_of, names), strict=True))
    first = next(name for name in TIME_NAMES if name in zones)
    return zones[first] or (zones.get("time") if first == "date" else None)


def _join_date_and_time(columns: dict[str, pa.Array]) -> pa.Array:
    date, time = (pc.utf8_trim_whitespace(columns[name].cast(pa.string())) for name in ("date", "time"))
    return pc.binary_join_element_wise(date, _clock(time), " ")


def _clock(time: pa.Array) -> pa.Array:
    """Return clocks such as 93000, whose leading zeros a spreadsheet has dropped, in full."""
    if not len(time) or not pc.all(pc.match_substring_regex(time, r"^\d{1,6}$")).as_py():
        return time
    return pc.utf8_lpad(time, 6 if pc.max(pc.utf8_length(time)).as_py() > 4 else 4, "0")
