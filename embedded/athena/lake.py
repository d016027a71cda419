"""The lake: the rows of a table's partitions, read from Parquet files."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from embedded.athena.catalog import PATH, Table, Value
from embedded.athena.errors import BytesLimitError

ListObjects = Callable[[str], Iterable[tuple[str, bytes]]]
"""Returns the URI and the body of each object at a location."""

_ARROW = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ms"),
    "boolean": pa.bool_(),
}


@dataclass
class Scan:
    """Reads tables, and counts the bytes of the columns that it reads, of which there may be `most`."""

    objects: ListObjects
    most: int | None = None
    scanned: int = 0

    def read(self, table: Table, partitions: Mapping[str, Mapping[str, Value]], columns: frozenset[str]) -> pa.Table:
        """Return `columns` of the rows in `partitions` of `table`, whose values are given by location.

        Raises:
            BytesLimitError: they are more bytes than may be read.
        """
        wanted = [column for column in (*table.columns, PATH) if column.name in columns]
        schema = pa.schema([(column.name, _ARROW[column.hive_type]) for column in wanted])
        files = [
            self._file(body, schema, {**values, PATH.name: uri})
            for location, values in partitions.items()
            for uri, body in self.objects(location)
        ]
        return pa.concat_tables([schema.empty_table(), *files])

    def _file(self, body: bytes, schema: pa.Schema, constants: Mapping[str, Value]) -> pa.Table:
        file = pq.ParquetFile(pa.BufferReader(body))
        there = [name for name in schema.names if name in file.schema_arrow.names and name not in constants]
        self._count(file, there)
        rows = file.read(there, use_threads=False)
        arrays = []
        for field in schema:
            if field.name in constants:
                arrays.append(pa.repeat(pa.scalar(constants[field.name], field.type), len(rows)))
            elif field.name in there:
                arrays.append(rows.column(field.name).cast(field.type))
            else:  # a column that is younger than the file
                arrays.append(pa.nulls(len(rows), field.type))
        return pa.Table.from_arrays(arrays, schema=schema)

    def _count(self, file: pq.ParquetFile, columns: list[str]) -> None:
        for number in range(file.metadata.num_row_groups):
            group = file.metadata.row_group(number)
            chunks = (group.column(at) for at in range(group.num_columns))
            self.scanned += sum(chunk.total_compressed_size for chunk in chunks if chunk.path_in_schema in columns)
        if self.most is not None and self.scanned > self.most:
            raise BytesLimitError
