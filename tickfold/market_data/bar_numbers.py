"""The numbers in a bar file: prices and volumes as float64."""

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tickfold.market_data.bar_table import BarFileError, BarTable, Floats, Source
from tickfold.market_data.number_notation import NotationError, find_decimal_mark, parse_numbers
from tickfold.market_data.reading_options import ReadingOptions

_NO_VOLUME = r"^\s*[-–—]\s*$"


def read_numbers(source: Source, table: BarTable, options: ReadingOptions) -> tuple[dict[str, Floats], list[str]]:
    """Return the numbers of each column but the time, nan where a cell is none, and how they were read if not plainly.

    Raises:
        BarFileError: a column's type is not numeric, or the decimal mark cannot be known.
    """
    columns = {name: column for name, column in table.columns.items() if name != "time"}
    if options.decimal != "," and table.is_plain and (values := _plain(source, columns)) is not None:
        return values, []
    return _in_notation(source, table, columns, options)


def _plain(source: Source, columns: dict[str, pa.Array]) -> dict[str, Floats] | None:
    """Return the numbers if all are written as Arrow reads them, many times as fast as in any other notation."""
    try:
        return {name: numbers(source, name, column) for name, column in columns.items()}
    except pa.ArrowInvalid:
        return None


def numbers(source: Source, name: str, column: pa.Array) -> Floats:
    """Return `column` as the nearest float64 values, nan where it is null.

    Raises:
        BarFileError: the column's type is not numeric.
        ArrowInvalid: a text is not a number.
    """
    try:
        floats = column.cast(pa.float64()).fill_null(math.nan)
    except pa.ArrowNotImplementedError:
        raise BarFileError(f"{source}: column {name} has type {column.type}, expected numbers") from None
    return np.asarray(floats.to_numpy(zero_copy_only=False), dtype=np.float64)


def _in_notation(
    source: Source, table: BarTable, columns: dict[str, pa.Array], options: ReadingOptions
) -> tuple[dict[str, Floats], list[str]]:
    texts = {name: column for name, column in columns.items() if pa.types.is_string(column.type)}
    values = {name: numbers(source, name, column) for name, column in columns.items() if name not in texts}
    notes = []
    for name in ("volume", "tick volume"):
        if name in texts and pc.any(none := pc.match_substring_regex(texts[name], _NO_VOLUME)).as_py():
            texts[name] = pc.if_else(none, "0", texts[name])
            notes.append("- as volume 0")
    try:
        decimal = options.decimal or find_decimal_mark([*texts.values()], "." if table.has_dots else None)
    except NotationError as error:
        raise BarFileError(
            f"{source}: {error} may have a decimal mark or part its thousands: say --decimal . or --decimal ,"
        ) from None
    read = {name: parse_numbers(column, decimal) for name, column in texts.items()}
    return values | read, ["decimal comma"] * (decimal == ",") + notes
