"""Glue's types are those of the files: each table is written, and the types are read back from the Parquet footer."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tickfold.storage import parquet
from tickfold.storage.tables import TABLES, hive_type

# Athena reads each of these Parquet types by the Hive type beside it.
HIVE_BY_PARQUET = {
    ("BYTE_ARRAY", "String"): "string",
    ("INT32", "None"): "int",
    ("INT64", "None"): "bigint",
    ("DOUBLE", "None"): "double",
    ("INT32", "Date"): "date",
    ("INT64", "Timestamp microseconds True"): "timestamp",
}


def footer(schema: pa.Schema) -> dict[str, str]:
    """Return the Hive type of each column of a Parquet file that is written with `schema`."""
    file = pq.ParquetFile(pa.BufferReader(parquet.encode(schema.empty_table())))
    columns = (file.schema.column(at) for at in range(len(file.schema)))
    return {each.name: HIVE_BY_PARQUET[each.physical_type, _logical(each)] for each in columns}


def _logical(column: pq.ColumnSchema) -> str:
    said = json.loads(column.logical_type.to_json())
    return " ".join(str(said[key]) for key in ("Type", "timeUnit", "isAdjustedToUTC") if key in said)


@pytest.mark.parametrize("name", TABLES)
def test_hive_types_are_those_of_the_file(name: str) -> None:
    table = TABLES[name]
    assert table.columns == footer(table.schema)


@pytest.mark.parametrize("name", TABLES)
def test_partition_columns_are_not_in_the_file(name: str) -> None:
    table = TABLES[name]
    assert not table.partition_columns.keys() & table.columns.keys()


def test_a_type_that_no_table_has_yet_is_refused() -> None:
    with pytest.raises(KeyError):
        hive_type(pa.float32())
