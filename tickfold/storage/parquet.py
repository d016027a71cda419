"""Parquet to and from numpy, by buffers: pyarrow's own conversions import pandas if it is installed."""

import io
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tickfold.storage.tables import TIMESTAMP

ROWS_A_GROUP = 65_536
_NUMPY: dict[pa.DataType, str] = {
    pa.float64(): "float64",
    pa.int32(): "int32",
    pa.int64(): "int64",
    pa.date32(): "datetime64[D]",
    TIMESTAMP: "datetime64[us]",
}
_MICROSECONDS = 1_000
"""In a millisecond: times are microseconds in memory and milliseconds in files."""


def array(values: npt.NDArray[np.generic], kind: pa.DataType) -> pa.Array:
    """Return `values` as an Arrow array of the fixed-width type `kind`, without nulls; −0.0 becomes 0.0.

    Times are microseconds since 1970 UTC.

    Raises:
        ValueError: the widths differ, or one is floating and the other is not: bits would be taken for other numbers;
            or a time is no whole millisecond.
    """
    is_floating = values.dtype.kind == "f"
    if values.dtype.itemsize * 8 != kind.bit_width or is_floating != pa.types.is_floating(kind):
        raise ValueError(f"{values.dtype} values do not fit {kind}")
    plain = np.ascontiguousarray(np.add(values, 0.0) if is_floating else values)
    if kind == TIMESTAMP:
        plain, rest = np.divmod(plain, _MICROSECONDS)
        if rest.any():
            raise ValueError("a time is no whole millisecond")
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(plain)])


def column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return Python `values`, None for null, as an Arrow array of one of the types in `tables`.

    Times are naive UTC, or microseconds since 1970, and lose what is less than a millisecond. NaN and infinities become
    null, and −0.0 becomes 0.0.
    """
    if kind == pa.float64():
        values = [None if value is None or not isfinite(value) else value + 0.0 for value in values]
    there = [value is not None for value in values]
    valid = None if all(there) else pa.py_buffer(np.packbits(there, bitorder="little"))
    if kind == pa.string():
        texts = [(value or "").encode() for value in values]
        offsets = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        buffers = [valid, pa.py_buffer(offsets), pa.py_buffer(b"".join(texts))]
    elif kind == pa.bool_():
        buffers = [valid, pa.py_buffer(np.packbits(np.array(values, dtype=np.bool_), bitorder="little"))]
    else:
        numbers = np.array([0 if value is None else value for value in values], dtype=_NUMPY[kind])
        if kind == pa.date32():
            numbers = numbers.astype(np.int32)
        elif kind == TIMESTAMP:
            numbers = numbers.astype("datetime64[ms]")
        buffers = [valid, pa.py_buffer(numbers)]
    return pa.Array.from_buffers(kind, len(values), buffers)


def table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Return `rows`, which are dicts by column, as a table of `schema`."""
    columns = [column([row[field.name] for row in rows], field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


class Writer:
    """A Parquet file in memory that is encoded as tables are added: only the rows of the last group wait.

    Deterministic: the same rows give the same bytes, however they are cut. Times and positions, which increase, are
    delta-encoded; other columns have a dictionary if that is smaller.
    """

    def __init__(self, schema: pa.Schema) -> None:
        growing = [field.name for field in schema if field.type in (TIMESTAMP, pa.int64())]
        self.rows = 0
        self._sink = io.BytesIO()
        self._file = pq.ParquetWriter(
            self._sink,
            schema,
            compression="zstd",
            use_dictionary=[name for name in schema.names if name not in growing],
            column_encoding=dict.fromkeys(growing, "DELTA_BINARY_PACKED"),
        )
        self._waiting = pa.Table.from_batches([], schema)  # `empty_table` imports pandas

    def add(self, table: pa.Table) -> None:
        """Add the rows of `table`."""
        self.rows += len(table)
        self._waiting = pa.concat_tables([self._waiting, table])
        if whole := len(self._waiting) // ROWS_A_GROUP * ROWS_A_GROUP:
            self._file.write_table(self._waiting.slice(0, whole), ROWS_A_GROUP)
            self._waiting = _copied(self._waiting.slice(whole))

    def close(self) -> bytes:
        """Return the file; nothing can be added afterwards."""
        if len(self._waiting) or not self.rows:
            self._file.write_table(self._waiting, ROWS_A_GROUP)
        self._file.close()
        return self._sink.getvalue()


def _copied(rows: pa.Table) -> pa.Table:
    """Return `rows` in memory of their own: a slice, even in one chunk, keeps the whole table that it is of."""
    if not len(rows):
        return pa.Table.from_batches([], rows.schema)
    return pa.Table.from_arrays([pa.concat_arrays(column.chunks) for column in rows.columns], schema=rows.schema)


def encode(table: pa.Table) -> bytes:
    """Return `table` as a Parquet file, as `Writer` writes it."""
    writer = Writer(table.schema)
    writer.add(table)
    return writer.close()


def repeated(text: str, rows: int) -> pa.Array:
    """Return a column of one `text`."""
    encoded = text.encode()
    offsets = len(encoded) * np.arange(rows + 1, dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(encoded * rows)])


def named(codes: npt.NDArray[np.int8], names: Sequence[str]) -> pa.Array:
    """Return a column with the name of each code, which is its place in `names`."""
    return column(names, pa.string()).take(array(codes.astype(np.int64), pa.int64()))


def decode(
    data: bytes, dtypes: Mapping[str, type[np.generic]], start: int = 0, stop: int | None = None
) -> dict[str, npt.NDArray[Any]]:
    """Return the columns in `dtypes` of the rows `start` to `stop` (exclusive) of a Parquet file.

    Times are microseconds since 1970 UTC. Row groups without any of these rows are not decoded.
    """
    file = pq.ParquetFile(pa.BufferReader(data))
    end = file.metadata.num_rows if stop is None else min(stop, file.metadata.num_rows)
    columns = {name: np.empty(max(end - start, 0), dtype) for name, dtype in dtypes.items()}
    first = 0
    for group in range(file.metadata.num_row_groups):
        after = first + file.metadata.row_group(group).num_rows
        if first < end and start < after:  # one group at a time, so that little is in memory twice
            table = file.read_row_group(group, columns=list(dtypes), use_threads=False)
            kept, place = slice(max(start - first, 0), end - first), max(first - start, 0)
            for name, column in columns.items():
                values = _values(table.column(name), column.dtype)[kept]
                into = column[place : place + len(values)]
                if table.schema.field(name).type == TIMESTAMP:
                    np.multiply(values, _MICROSECONDS, out=into)
                else:
                    into[:] = values
        first = after
    return columns


def read(data: bytes, schema: pa.Schema) -> pa.Table:
    """Return the rows of a Parquet file as a table of `schema`; a column that is younger than the file is null."""
    file = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
    columns = [
        file.column(field.name).cast(field.type) if field.name in file.schema.names else pa.nulls(len(file), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _values(column: pa.ChunkedArray, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return a row group's column, without a copy if it is contiguous."""
    parts = [
        np.frombuffer(chunk.buffers()[1], dtype)[chunk.offset : chunk.offset + len(chunk)] for chunk in column.chunks
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
