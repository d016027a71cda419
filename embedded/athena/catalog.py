"""The tables that statements name: their columns, their partitions, and where the files of a partition lie."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final, Self

CATALOG: Final = "awsdatacatalog"

_TRINO: Final = {"string": "varchar", "int": "integer", "timestamp": "timestamp(3)"}
_DUCKDB: Final = {"string": "VARCHAR", "int": "INTEGER", "timestamp": "TIMESTAMP_MS"}

Value = str | int


@dataclass(frozen=True)
class Column:
    """A column and its Hive type."""

    name: str
    hive_type: str

    @property
    def trino_type(self) -> str:
        return _TRINO.get(self.hive_type, self.hive_type)

    @property
    def duckdb_type(self) -> str:
        return _DUCKDB.get(self.hive_type, self.hive_type.upper())


PATH: Final = Column("$path", "string")
"""The hidden column with a row's file."""


@dataclass(frozen=True)
class Table:
    """A table as Glue defines it; partitions are projected, or there are none."""

    database: str
    name: str
    file_columns: Sequence[Column]
    partition_columns: Sequence[Column]
    location: str
    parameters: Mapping[str, str]

    @classmethod
    def of(cls, defined: Mapping[str, Any]) -> Self:
        """Return the table of Glue's definition."""
        storage = defined["StorageDescriptor"]
        return cls(
            defined["DatabaseName"],
            defined["Name"],
            [Column(each["Name"], each["Type"]) for each in storage["Columns"]],
            [Column(each["Name"], each["Type"]) for each in defined.get("PartitionKeys", [])],
            storage["Location"],
            defined.get("Parameters", {}),
        )

    @property
    def columns(self) -> list[Column]:
        return [*self.file_columns, *self.partition_columns]

    @property
    def injected(self) -> list[str]:
        """The partition columns whose values a statement must give."""
        return [each.name for each in self.partition_columns if self._projection(each.name, "type") == "injected"]

    def _projection(self, column: str, key: str) -> str:
        return self.parameters.get(f"projection.{column}.{key}", "")

    def partitions(self, known: Mapping[str, frozenset[Value]]) -> Iterator[tuple[str, dict[str, Value]]]:
        """Yield the location of each partition whose columns have `known` values, and these values."""
        names = [each.name for each in self.partition_columns]
        values = [sorted(known[name] if name in known else self._projected(name)) for name in names]
        for chosen in product(*values):
            of = dict(zip(names, chosen, strict=True))
            location = self.parameters.get("storage.location.template", self.location)
            for name, value in of.items():
                location = location.replace(f"${{{name}}}", str(value))
            yield location, of

    def _projected(self, column: str) -> frozenset[Value]:
        first, last = self._projection(column, "range").split(",")
        return frozenset(range(int(first), int(last) + 1))


@dataclass(frozen=True)
class Catalog:
    """The tables of all databases."""

    tables: Sequence[Table]

    @property
    def databases(self) -> list[str]:
        return sorted({table.database for table in self.tables})

    def find(self, database: str, name: str) -> Table | None:
        """Return the table `name` of `database`, if there is one."""
        wanted = (database.lower(), name.lower())
        return next((each for each in self.tables if (each.database, each.name) == wanted), None)

    def of_database(self, database: str) -> list[Table]:
        """Return the tables of `database` by name."""
        return sorted((each for each in self.tables if each.database == database.lower()), key=lambda each: each.name)


INFORMATION_SCHEMA: Final = "information_schema"


def _about(name: str, *columns: str) -> Table:
    kinds = [Column(column, "bigint" if column == "ordinal_position" else "string") for column in columns]
    return Table(INFORMATION_SCHEMA, name, kinds, [], "", {})


ABOUT_TABLES: Final = Catalog(
    [
        _about("schemata", "catalog_name", "schema_name"),
        _about("tables", "table_catalog", "table_schema", "table_name", "table_type"),
        _about(
            "columns", "table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "data_type"
        ),
    ]
)
"""The tables about tables, which are in no lake."""


def rows_about(catalog: Catalog, name: str) -> list[tuple[str | int, ...]]:
    """Return the rows of the table `name` of `ABOUT_TABLES` that tell of `catalog`."""
    match name:
        case "schemata":
            return [(CATALOG, database) for database in (*catalog.databases, INFORMATION_SCHEMA)]
        case "tables":
            return [(CATALOG, each.database, each.name, "BASE TABLE") for each in catalog.tables]
    return [
        (CATALOG, each.database, each.name, column.name, number, column.trino_type)
        for each in catalog.tables
        for number, column in enumerate(each.columns, 1)
    ]
