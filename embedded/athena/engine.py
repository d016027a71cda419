"""The engine: carries out one query in a DuckDB of its own, in memory, which reaches no file and no network."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import duckdb
from sqlglot import exp

from embedded.athena.analysis import Analysis
from embedded.athena.answers import months, precision_and_scale, real, text_of, type_name
from embedded.athena.catalog import CATALOG, INFORMATION_SCHEMA, PATH, Catalog, Table, Value, rows_about
from embedded.athena.errors import QueryFailedError
from embedded.athena.functions import TRINO_FUNCTIONS, add_functions, add_quotient
from embedded.athena.lake import Scan
from embedded.athena.partitions import PartitionReader
from embedded.athena.statement import parse_query
from embedded.athena.translation import ABOUT_TABLES_SCHEMA, translate, zone_of
from embedded.athena.type_check import check_types


@dataclass(frozen=True)
class Answer:
    """The answer to a query: its columns and rows, as Athena spells them."""

    names: list[str]
    types: list[str]
    sizes: list[tuple[int, int]]
    """Precision and scale of each column."""
    rows: list[list[str | None]]


@dataclass
class Engine:
    """One query's engine. `interrupt` ends it from another thread."""

    catalog: Catalog
    database: str
    scan: Scan
    _connection: duckdb.DuckDBPyConnection = field(default_factory=lambda: duckdb.connect(":memory:"))
    _quotients: dict[tuple[int, int], str] = field(default_factory=dict)
    _interrupted: threading.Event = field(default_factory=threading.Event)

    def interrupt(self) -> None:
        """End the query, whatever it does. Idempotent, also after its end."""
        self._interrupted.set()
        with suppress(duckdb.ConnectionException):  # it has ended
            self._connection.interrupt()

    def answer(self, sql: str, *, explain: bool = False) -> Answer:
        """Carry out the query `sql`, or explain how it would be.

        Raises:
            MalformedStatementError, QueryFailedError, BytesLimitError: as Athena would refuse it.
        """
        analysis = Analysis(sql, parse_query(sql), self.catalog, self.database)
        check_types(sql, analysis.tree)
        with self._prepared(analysis):
            translated = translate(analysis.tree, self._quotient)
            plan = self._run(f"EXPLAIN {translated}").fetchall()  # checks the query before anything is read for it
            reader = PartitionReader(analysis.tables, self._constant)
            reader.read(analysis.tree)
            if explain:
                return _plan(plan)
            self._load(analysis, reader.found)
            return _answer(analysis, self._run(translated))

    @contextmanager
    def _prepared(self, analysis: Analysis) -> Iterator[None]:
        """Make the tables of the query, without rows, and lock the connection up."""
        run = self._connection.execute
        try:
            run("SET TimeZone = 'UTC'; SET threads = 1; SET python_enable_replacements = false")
            run(f"ATTACH ':memory:' AS {CATALOG}")
            for schema in {ABOUT_TABLES_SCHEMA, self.database, *(database for database, _ in analysis.tables)}:
                run(f'CREATE SCHEMA {CATALOG}."{schema}"')
            run(f'USE {CATALOG}."{self.database}"')
            add_functions(self._connection)
            for table in (*analysis.tables.values(), *analysis.about.values()):
                columns = analysis.columns_of(table)
                defined = ", ".join(f'"{column.name}" {column.duckdb_type}' for column in columns)
                run(f"CREATE TABLE {_quoted(table)} ({defined})")
            for table in analysis.about.values():
                self._fill(table)
            run("SET enable_external_access = false; SET lock_configuration = true")
            yield
        finally:
            self._connection.close()

    def _fill(self, about: Table) -> None:
        """Insert the rows of a table about tables."""
        marks = ", ".join("?" * len(about.columns))
        insert = f"INSERT INTO {_quoted(about)} VALUES ({marks})"  # noqa: S608 - names of ours
        self._connection.executemany(insert, rows_about(self.catalog, about.name))

    def _load(self, analysis: Analysis, found: Mapping[tuple[str, str], Mapping[str, Mapping[str, Value]]]) -> None:
        for key, table in analysis.tables.items():
            used = frozenset(_columns_of(analysis.tree, table))
            rows = self.scan.read(table, found[key], used or frozenset([table.columns[0].name]))
            self._connection.register("loaded", rows)
            names = ", ".join(f'"{name}"' for name in rows.column_names)
            insert = f"INSERT INTO {_quoted(table)} ({names}) SELECT {names} FROM loaded"  # noqa: S608 - names of Glue
            self._connection.execute(insert)
            self._connection.unregister("loaded")

    def _quotient(self, precision: int, scale: int) -> str:
        key = precision, scale
        if key not in self._quotients:
            self._quotients[key] = add_quotient(self._connection, precision, scale)
        return self._quotients[key]

    def _constant(self, node: exp.Expr) -> Value | None:
        value: Any = self._run(translate(exp.select(node.copy()), self._quotient)).fetchall()[0][0]
        return value if isinstance(value, str | int) or value is None else str(value)

    def _run(self, translated: str) -> duckdb.DuckDBPyConnection:
        if self._interrupted.is_set():  # while DuckDB did nothing, as while files are read
            raise _failure("INTERRUPT")
        try:
            return self._connection.execute(translated)
        except duckdb.Error as error:
            raise _failure(str(error)) from None


def _answer(analysis: Analysis, result: duckdb.DuckDBPyConnection) -> Answer:
    kinds = [str(each[1]) for each in result.description or []]
    zones = [zone_of(select) for select in analysis.tree.selects]
    try:
        fetched = result.fetchall()
    except duckdb.Error as error:
        raise _failure(str(error)) from None
    types = ["timestamp with time zone" if zone else type_name(kind) for kind, zone in zip(kinds, zones, strict=True)]
    spellers = [_speller(kind, select) for kind, select in zip(kinds, analysis.tree.selects, strict=True)]
    types = [
        "interval year to month" if spell is _months else kind for kind, spell in zip(types, spellers, strict=True)
    ]
    rows = [
        [
            f"{spell(cell)} {zone}" if zone and cell is not None else spell(cell)
            for spell, cell, zone in zip(spellers, row, zones, strict=True)
        ]
        for row in fetched
    ]
    return Answer(analysis.names, types, [precision_and_scale(kind) for kind in kinds], rows)


def _speller(kind: str, select: exp.Expr) -> Callable[[Any], str | None]:
    if kind == "FLOAT":
        return real
    return _months if _is_of_months(select) else text_of


def _is_of_months(node: exp.Expr) -> bool:
    inner = node.unalias()
    unit = inner.args.get("unit") if isinstance(inner, exp.Interval) else None
    return unit is not None and unit.name.upper() in ("MONTH", "YEAR")


def _months(value: timedelta | None) -> str | None:
    return None if value is None else months(value)


def _plan(rows: list[Any]) -> Answer:
    lines = [line for _, text in rows for line in text.splitlines()]
    return Answer(["Query Plan"], ["varchar"], [precision_and_scale("VARCHAR")], [[line] for line in lines])


def _columns_of(tree: exp.Query, table: Table) -> Iterator[str]:
    """Yield the columns that a query, whose names are resolved, may read of `table`."""
    names = {column.name for column in (*table.columns, PATH)}
    return (node.name for node in tree.find_all(exp.Column) if node.name in names)


def _quoted(table: Table) -> str:
    schema = ABOUT_TABLES_SCHEMA if table.database == INFORMATION_SCHEMA else table.database
    return f'{CATALOG}."{schema}"."{table.name}"'


# --- failures --------------------------------------------------------------------------------------------------------

_FAILURES: Final = (
    (
        r'column "(.+?)" must appear in the GROUP BY',
        "EXPRESSION_NOT_AGGREGATE",
        "'{0}' must be an aggregate expression or appear in GROUP BY clause",
    ),
    (
        r"(?:Scalar |Aggregate |Table )?Function with name (\S+) does not exist",
        "FUNCTION_NOT_FOUND",
        "Function '{0}' not registered",
    ),
    (r"argument types '(\w+)\((.*?)\)'", "FUNCTION_NOT_FOUND", "Unexpected parameters ({1}) for function {0}"),
    (r'function call "(.+?)\((.*?)\)"', "TYPE_MISMATCH", "Cannot apply operator: {0} to ({1})"),
    (r"Division by zero", "DIVISION_BY_ZERO", "Division by zero"),
    (r"DivisionByZero|InvalidOperation", "DIVISION_BY_ZERO", "Division by zero"),
    (r"Could not convert string '(.*?)' to (\w+)", "INVALID_CAST_ARGUMENT", "Cannot cast '{0}' to {1}"),
    (r"(?:date|timestamp) field value out of range: \"(.*?)\"", "INVALID_LITERAL", "'{0}' is not a valid literal"),
    (
        r"invalid (?:date|timestamp) field format: \"(.*?)\"",
        "INVALID_CAST_ARGUMENT",
        "Value cannot be cast to date: {0}",
    ),
    (r"Overflow in (\w+) of INT32 \((.*?)\)", "NUMERIC_VALUE_OUT_OF_RANGE", "integer {0} overflow: {1}"),
    (r"Overflow in (\w+) of INT64 \((.*?)\)", "NUMERIC_VALUE_OUT_OF_RANGE", "bigint {0} overflow: {1}"),
    (r"Overflow in (\w+) of \w+ \((.*?)\)", "NUMERIC_VALUE_OUT_OF_RANGE", "{0} overflow: {1}"),
    (r"INTERRUPT", "USER_CANCELED", "Query was canceled by user"),
)
"""What DuckDB says of a query, and what Athena says of it."""


_INTEGERS: Final = {"INT8": "TINYINT", "INT16": "SMALLINT", "INT32": "INT", "INT64": "BIGINT"}
_EMBEDDED: Final = "is not supported by the embedded stack, which answers by DuckDB"


def _failure(said: str) -> QueryFailedError:
    for pattern, code, reason in _FAILURES:
        if found := re.search(pattern, said):
            if code == "FUNCTION_NOT_FOUND" and found[1].lower() in TRINO_FUNCTIONS and "does not exist" in found[0]:
                return QueryFailedError("NOT_SUPPORTED", f"function {found[1].lower()} {_EMBEDDED}")
            return QueryFailedError(code, reason.format(*(_INTEGERS.get(text, text) for text in found.groups())))
    first = said.splitlines()[0].partition(": ")[2] or said.splitlines()[0]
    return QueryFailedError("NOT_SUPPORTED", f"{first}; this {_EMBEDDED}")
