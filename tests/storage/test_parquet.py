"""Parquet files: explicit types, only the requested rows, the same bytes each time."""

import io
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

from tickfold.engine.bars import Bars
from tickfold.market_data import bar_store
from tickfold.storage import parquet, tables


def bars(count: int) -> Bars:
    rng = np.random.default_rng(1)
    open_, high, low, close, volume = rng.random((5, count))
    return Bars(np.arange(count) * 60_000_000, open_, high, low, close, volume)


def test_bars_are_float64_and_milliseconds_without_a_zone() -> None:
    schema = pq.read_schema(io.BytesIO(bar_store.encode(bars(3))))
    assert schema.field("timestamp").type == pa.timestamp("ms")
    assert {schema.field(name).type for name in ("open", "high", "low", "close", "volume")} == {pa.float64()}
    assert not any(field.nullable for field in schema)


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (65_535, 65_537), (70_000, 140_000), (139_999, 140_000), (5, 5)])
def test_only_the_rows_asked_for_are_read(start: int, stop: int) -> None:
    whole = bars(140_000)
    part = parquet.decode(bar_store.encode(whole), {"timestamp": np.int64, "close": np.float64}, start, stop)
    assert_array_equal(part["timestamp"], whole.timestamp[start:stop])
    assert_array_equal(part["close"], whole.close[start:stop])


def test_times_are_written_as_differences_and_prices_are_not() -> None:
    """What Athena's engine is known to read, and no more: see the decision on encodings."""
    group = pq.ParquetFile(io.BytesIO(bar_store.encode(bars(100)))).metadata.row_group(0)
    encodings = {group.column(k).path_in_schema: set(group.column(k).encodings) for k in range(group.num_columns)}
    assert "DELTA_BINARY_PACKED" in encodings.pop("timestamp")
    assert all(found <= {"PLAIN", "RLE", "RLE_DICTIONARY"} for found in encodings.values())


def test_the_same_bars_give_the_same_bytes() -> None:
    assert bar_store.encode(bars(1_000)) == bar_store.encode(bars(1_000))


@pytest.mark.parametrize(
    ("dtype", "kind", "message"),
    [
        (np.int32, pa.int64(), "int32 values do not fit int64"),
        (np.int64, pa.float64(), "int64 values do not fit double"),
        (np.float64, pa.int64(), "float64 values do not fit int64"),
    ],
)
def test_array_of_another_width_or_kind_is_refused(dtype: type[np.generic], kind: pa.DataType, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parquet.array(np.ones(3, dtype=dtype), kind)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["AAPL", "", None, "µ€"], pa.string()),
        ([True, None, False, True, *[False] * 8, True], pa.bool_()),
        ([date(2024, 2, 29), None, date(1969, 12, 31)], pa.date32()),
        ([datetime(2024, 2, 29, 1, 2, 3, 4_000), None], tables.TIMESTAMP),
        ([1.5, None, -0.25], pa.float64()),
        ([1, True, 0], pa.float64()),
        ([2**31 - 1, None, -1], pa.int32()),
        ([2**53 + 1, -1], pa.int64()),
        ([], pa.string()),
    ],
)
def test_a_column_is_what_arrow_makes_of_the_values(values: list[Any], kind: pa.DataType) -> None:
    column = parquet.column(values, kind)
    column.validate(full=True)
    assert column.equals(pa.array(values, kind))


def test_times_are_microseconds_in_memory_and_milliseconds_in_files() -> None:
    times = np.array([-1_000, 0, 1_700_000_000_123_000])
    written = parquet.array(times, tables.TIMESTAMP)
    assert written.cast(pa.int64()).to_pylist() == [-1, 0, 1_700_000_000_123]
    data = parquet.encode(pa.table({"timestamp": written}))
    assert parquet.decode(data, {"timestamp": np.int64})["timestamp"].tolist() == times.tolist()
    with pytest.raises(ValueError, match="a time is no whole millisecond"):
        parquet.array(times + 1, tables.TIMESTAMP)


def test_time_of_a_row_loses_what_is_less_than_a_millisecond() -> None:
    assert parquet.column([datetime(2024, 2, 29, 1, 2, 3, 4_999)], tables.TIMESTAMP).cast(pa.int64()).to_pylist() == [
        1_709_168_523_004
    ]


def test_undefined_numbers_are_null_and_zero_has_no_sign() -> None:
    written = parquet.column([float("nan"), float("inf"), -float("inf"), -0.0], pa.float64())
    assert written.to_pylist()[:3] == [None, None, None]
    assert str(written[3].as_py()) == "0.0"
    assert str(parquet.array(np.array([-0.0]), pa.float64())[0].as_py()) == "0.0"


@pytest.mark.parametrize("cut", [1, 1_000, 65_535, 65_536, 65_537, 150_000, 200_000])
def test_rows_give_the_same_file_however_they_are_added(cut: int) -> None:
    rows = np.arange(200_000)
    table = pa.table({"at": rows, "value": np.sqrt(rows), "name": parquet.repeated("A/B", len(rows))})
    writer = parquet.Writer(table.schema)
    for first in range(0, len(rows), cut) if cut > 1 else range(5):
        writer.add(table.slice(first, cut))
    written = writer.close()
    assert writer.rows == (200_000 if cut > 1 else 5)
    assert written == parquet.encode(table.slice(0, writer.rows))
    file = pq.ParquetFile(pa.BufferReader(written))
    assert file.read().to_pydict() == table.slice(0, writer.rows).to_pydict()
    groups = [file.metadata.row_group(number).num_rows for number in range(file.metadata.num_row_groups)]
    assert all(rows == parquet.ROWS_A_GROUP for rows in groups[:-1])


def test_file_without_rows_has_its_columns() -> None:
    schema = pa.schema([("at", pa.int64())])
    assert pq.read_table(pa.BufferReader(parquet.Writer(schema).close())).schema == schema


def test_rows_that_are_written_are_let_go() -> None:
    before = pa.total_allocated_bytes()
    table = pa.table({"at": pa.concat_arrays([pa.array(np.arange(1_000_000))])})
    writer = parquet.Writer(table.schema)
    writer.add(table)
    assert pa.total_allocated_bytes() - before > 8_000_000
    del table
    assert pa.total_allocated_bytes() - before < 1_000_000
    assert pq.ParquetFile(pa.BufferReader(writer.close())).metadata.num_rows == 1_000_000


def test_column_that_is_younger_than_the_file_is_null() -> None:
    older = pa.schema([pa.field("a", pa.int32(), nullable=False)])
    newer = pa.schema([*older, pa.field("b", pa.string())])
    body = parquet.encode(parquet.table([{"a": 7}], older))
    assert parquet.read(body, newer).to_pylist() == [{"a": 7, "b": None}]
