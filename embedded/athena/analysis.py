"""Analysis: a query with every name resolved against the catalog, and every expression's type."""

import re
from collections.abc import Iterator
from typing import Final

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from embedded.athena.catalog import ABOUT_TABLES, CATALOG, INFORMATION_SCHEMA, PATH, Catalog, Column, Table
from embedded.athena.errors import MalformedStatementError, QueryFailedError
from embedded.athena.functions import TRINO_FUNCTIONS
from embedded.athena.statement import position

_UNNAMED: Final = "unnamed_"


class Analysis:
    """A query, resolved: its tree, its tables in the lake and those about tables, and the names of its columns."""

    def __init__(self, sql: str, tree: exp.Query, catalog: Catalog, database: str) -> None:
        """Resolve `tree`, which was parsed of `sql`; names without a database are in `database`.

        Raises:
            MalformedStatementError: it has what only other dialects have.
            QueryFailedError: a table, a column or a function of it does not exist.
        """
        self._sql = sql
        self.tables: dict[tuple[str, str], Table] = {}
        self.about: dict[str, Table] = {}
        _check_functions(sql, tree)
        self._has_path = any(column.name == PATH.name for column in tree.find_all(exp.Column))
        for node in _tables(tree):
            self._resolve(node, catalog, database)
        _name_columns(tree)
        schema = MappingSchema(self._columns(), dialect="trino")
        try:
            qualified = qualify(
                tree,
                schema=schema,
                dialect="trino",
                catalog=CATALOG,
                db=database,
                quote_identifiers=False,
                expand_alias_refs=False,
            )
        except OptimizeError as error:
            raise self._unresolved(str(error)) from None
        self.tree = annotate_types(qualified, schema=schema, dialect="trino")
        self.names = _final_names(self.tree)

    def _resolve(self, node: exp.Table, catalog: Catalog, database: str) -> None:
        first = node.args.get("catalog") or node.args.get("db") or node.this
        start = first.meta.get("start", 0)
        if not isinstance(node.this, exp.Identifier) or self._sql[start : start + 1] == "'":
            raise MalformedStatementError(f"line 1:1: mismatched input '{node.this.sql(dialect='trino')}'")
        place = position(self._sql, start)
        in_catalog, in_database, name = node.catalog.lower() or CATALOG, node.db.lower() or database, node.name.lower()
        if in_catalog != CATALOG:
            raise QueryFailedError("CATALOG_NOT_FOUND", f"Catalog '{in_catalog}' not found", place)
        if about := ABOUT_TABLES.find(in_database, name):
            self.about[name] = about
            return
        table = catalog.find(in_database, name)
        if table is None:
            if in_database not in (*catalog.databases, INFORMATION_SCHEMA):
                raise QueryFailedError("SCHEMA_NOT_FOUND", f"Schema '{in_database}' does not exist", place)
            what = f"Table '{CATALOG}.{in_database}.{name}' does not exist"
            raise QueryFailedError("TABLE_NOT_FOUND", what, place)
        self.tables[in_database, name] = table

    def columns_of(self, table: Table) -> list[Column]:
        """Return the columns that the query can name of `table`."""
        return [*table.columns, PATH] if self._has_path else table.columns

    def _columns(self) -> dict[str, object]:
        found: dict[str, dict[str, dict[str, str]]] = {}
        for table in (*self.tables.values(), *ABOUT_TABLES.tables):
            columns = {column.name: column.trino_type for column in self.columns_of(table)}
            found.setdefault(table.database, {})[table.name] = columns
        return {CATALOG: found}

    def _unresolved(self, said: str) -> QueryFailedError:
        pattern = r"Column '(.+?)' could not be resolved(?: for table: '(.+?)')?.*?Line: (\d+), Col: (\d+)"
        found = re.match(pattern, said)
        if found is None:
            return QueryFailedError("SYNTAX_ERROR", said.splitlines()[0])
        column, table, line, end = found.groups()
        spelled = f"{table}.{column}" if table else column
        place = int(line), int(end) - len(spelled) + 1
        owners = [each for each in self.tables.values() if column in {one.name for one in each.columns}]
        several = len(owners) > 1 or (owners and self._sql.lower().count(owners[0].name) > 1)
        if not table and several:
            return QueryFailedError("AMBIGUOUS_NAME", f"Column '{column}' is ambiguous", place)
        return QueryFailedError("COLUMN_NOT_FOUND", f"Column '{spelled}' cannot be resolved", place)


def _tables(tree: exp.Query) -> Iterator[exp.Table]:
    """Yield the nodes that name tables, rather than what WITH defines."""
    defined = {each.alias_or_name.lower() for each in tree.find_all(exp.CTE)}
    return (node for node in tree.find_all(exp.Table) if node.db or node.name.lower() not in defined)


def _check_functions(sql: str, tree: exp.Query) -> None:
    """Refuse functions that Trino does not have, and DuckDB has."""
    for node in tree.find_all(exp.Anonymous, exp.AnonymousAggFunc, exp.Func):
        name = node.name if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc) else node.meta.get("name")
        if isinstance(name, str) and name and name.lower() not in TRINO_FUNCTIONS:
            at = re.search(rf"(?<!\w){re.escape(name)}\s*\(", sql, re.I)
            place = position(sql, at.start()) if at else None
            raise QueryFailedError("FUNCTION_NOT_FOUND", f"Function '{name.lower()}' not registered", place)


def _name_columns(tree: exp.Query) -> None:
    """Give every column its name as it is written, since resolving makes all names lower case."""
    for select in tree.find_all(exp.Select):
        for number, each in enumerate(select.expressions):
            if isinstance(each, exp.Alias):
                each.meta["name"] = each.alias
            elif isinstance(each, exp.Column) and not isinstance(each.this, exp.Star):
                named = exp.alias_(each.copy(), each.this.copy(), copy=False)
                named.meta["name"] = each.name
                each.replace(named)
            elif not each.is_star:
                each.replace(exp.alias_(each.copy(), f"{_UNNAMED}{number}"))


def _final_names(tree: exp.Query) -> list[str]:
    names = [each.meta.get("name") or each.alias_or_name for each in tree.selects]
    return [f"_col{at}" if name.startswith((_UNNAMED, "_col_")) else name for at, name in enumerate(names)]
