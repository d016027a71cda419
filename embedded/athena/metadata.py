"""SHOW and DESCRIBE: what there is, without reading it."""

import re
from dataclasses import dataclass
from typing import Final

from embedded.athena.catalog import CATALOG, Catalog, Table
from embedded.athena.errors import MalformedStatementError, QueryFailedError

_NAME: Final = r"(?:[`\"]?\w+[`\"]?\.)*[`\"]?[\w$]+[`\"]?"
_LIKE: Final = r"(?:\s+(?:LIKE\s+)?'(?P<like>[^']*)')?"
_FORMS: Final = {
    "tables": rf"SHOW\s+TABLES(?:\s+(?:IN|FROM)\s+(?P<database>{_NAME}))?{_LIKE}",
    "databases": rf"SHOW\s+(?:DATABASES|SCHEMAS)(?:\s+(?:IN|FROM)\s+{_NAME})?{_LIKE}",
    "catalogs": r"SHOW\s+CATALOGS",
    "columns": rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+(?P<table>{_NAME})(?:\s+(?:IN|FROM)\s+(?P<database>{_NAME}))?",
    "partitions": rf"SHOW\s+PARTITIONS\s+(?P<table>{_NAME})",
    "definition": rf"SHOW\s+CREATE\s+TABLE\s+(?P<table>{_NAME})",
    "description": rf"DESC(?:RIBE)?\s+(?:EXTENDED\s+|FORMATTED\s+)?(?P<table>{_NAME})",
}


@dataclass(frozen=True)
class Listing:
    """The answer: the names of its columns, all of which are texts, and its rows."""

    names: list[str]
    rows: list[list[str]]


def show(sql: str, catalog: Catalog, database: str) -> Listing:
    """Return what a SHOW or DESCRIBE asks for; names without a database are in `database`.

    Raises:
        MalformedStatementError: it is neither.
        QueryFailedError: there is no such table or database.
    """
    text = " ".join(re.sub(r"--[^\n]*|/\*.*?\*/", " ", sql, flags=re.S).split())
    for form, pattern in _FORMS.items():
        if found := re.fullmatch(pattern, text, re.I):
            return _listing(form, found.groupdict(), catalog, database)
    words = ", ".join(("TABLES", "DATABASES", "COLUMNS", "PARTITIONS", "CREATE TABLE"))
    raise MalformedStatementError(f"line 1:6: expected SHOW with one of {words}, or DESCRIBE with a table")


def _listing(form: str, given: dict[str, str | None], catalog: Catalog, database: str) -> Listing:
    if form == "catalogs":
        return Listing(["Catalog"], [[CATALOG]])
    if form == "databases":
        return Listing(["database_name"], [[name] for name in catalog.databases if _matches(name, given["like"])])
    of = _bare(given.get("database") or database)
    if form == "tables":
        if of not in catalog.databases:
            raise QueryFailedError("SCHEMA_NOT_FOUND", f"Schema '{of}' does not exist")
        names = [table.name for table in catalog.of_database(of)]
        return Listing(["tab_name"], [[name] for name in names if _matches(name, given["like"])])
    table = _table(given["table"] or "", catalog, of)
    match form:
        case "columns":
            return Listing(["field"], [[column.name] for column in table.columns])
        case "partitions":
            return Listing(["partition"], [])  # projected ones are registered nowhere
        case "definition":
            return Listing(["createtab_stmt"], [[line] for line in _definition(table)])
    return Listing(
        ["col_name", "data_type", "comment"],
        [
            [column.name, column.hive_type, "partition" if column in table.partition_columns else ""]
            for column in table.columns
        ],
    )


def _matches(name: str, like: str | None) -> bool:
    """Return whether Hive's pattern matches: `*` and `%` stand for any characters, `|` parts alternatives."""
    if like is None:
        return True
    pattern = re.escape(like).replace(r"\*", ".*").replace("%", ".*").replace(r"\|", "|")
    return re.fullmatch(pattern, name, re.I) is not None


def _bare(name: str) -> str:
    return name.replace("`", "").replace('"', "").lower().rpartition(".")[2]


def _table(name: str, catalog: Catalog, database: str) -> Table:
    parts = name.replace("`", "").replace('"', "").lower().split(".")
    of = parts[-2] if len(parts) > 1 else database
    table = catalog.find(of, parts[-1])
    if table is None:
        raise QueryFailedError("TABLE_NOT_FOUND", f"Table '{CATALOG}.{of}.{parts[-1]}' does not exist")
    return table


def _definition(table: Table) -> list[str]:
    columns = [f"  `{each.name}` {each.hive_type}" for each in table.file_columns]
    lines = [f"CREATE EXTERNAL TABLE `{table.name}`(", *(f"{line}, " for line in columns[:-1]), f"{columns[-1]})"]
    if table.partition_columns:
        keys = ", ".join(f"`{each.name}` {each.hive_type}" for each in table.partition_columns)
        lines += ["PARTITIONED BY ( ", f"  {keys})"]
    lines += ["STORED AS PARQUET", "LOCATION", f"  '{table.location}'", "TBLPROPERTIES ("]
    properties = [f"  '{key}'='{value}'" for key, value in sorted(table.parameters.items())]
    return [*lines, *(f"{line}, " for line in properties[:-1]), f"{properties[-1]})"]
