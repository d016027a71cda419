"""Parquet in and out of numpy, by buffers: pyarrow's own conversions would import pandas where it is installed."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

type_of_timestamps = pa.timestamp("us", tz="UTC")
ROWS_A_GROUP = 65_536
_NUMPY: dict[pa.DataType, str] = {
    pa.float64(): "float64",
    pa.int32(): "int32",
    pa.int64(): "int64",
    pa.date32(): "datetime64[D]",
    type_of_timestamps: "datetime64[us]",
}


def array(values: npt.NDArray[np.generic], kind: pa.DataType) -> pa.Array:
    """Return `values` as an Arrow array of the fixed-width type `kind`, without nulls.

    Raises:
        ValueError: the widths differ.
    """
    if values.dtype.itemsize * 8 != kind.bit_width:
        raise ValueError(f"{values.dtype} values do not fit {kind}")
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return Python `values`, None for a null, as an Arrow array of a type that tables here have.

    Times are without a zone, and UTC.
    """
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
        buffers = [valid, pa.py_buffer(numbers)]
    return pa.Array.from_buffers(kind, len(values), buffers)


def encode(table: pa.Table) -> bytes:
    """Return `table` as a Parquet file. The same table always gives the same bytes."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", row_group_size=ROWS_A_GROUP)
    return sink.getvalue()


def decode(
    data: bytes, dtypes: Mapping[str, type[np.generic]], start: int = 0, stop: int | None = None
) -> dict[str, npt.NDArray[Any]]:
    """Return the columns named in `dtypes` of a Parquet file, its rows from `start` to `stop` only.

    Row groups that hold none of these rows are not decoded.
    """
    file = pq.ParquetFile(pa.BufferReader(data))
    rows = [file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups)]
    edges = np.concatenate([[0], np.cumsum(rows, dtype=np.int64)])
    end = int(edges[-1]) if stop is None else stop
    groups = [g for g in range(len(rows)) if edges[g] < end and edges[g + 1] > start]
    offset = int(edges[groups[0]]) if groups else 0
    table = file.read_row_groups(groups, columns=list(dtypes), use_threads=False)
    return {name: _values(table.column(name), dtype)[start - offset : end - offset] for name, dtype in dtypes.items()}


def _values(column: pa.ChunkedArray, dtype: type[np.generic]) -> npt.NDArray[Any]:
    parts = [
        np.frombuffer(chunk.buffers()[1], dtype)[chunk.offset : chunk.offset + len(chunk)]
        for chunk in column.chunks
        if len(chunk)
    ]
    return np.concatenate(parts) if parts else np.empty(0, dtype)
