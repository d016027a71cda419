"""The page of the lake's tables, from the schemas that Arrow writes and Athena reads."""

from tickfold.storage.tables import TABLES, LakeTable, hive_type

INTRODUCTION = """# Tables

Generated from `tickfold/storage/tables.py` by `make docs`; edit that, not this page. How to query them:
[query with SQL](../how-to/query-with-sql.md). Why they are laid out so: [storage](../explanation/storage.md).

Prices and amounts are dollars. Times are UTC. A column without "null" is never null. Partition columns marked
*required* must be given by equality in `WHERE`.
"""
ROWS = {
    "bars": "A bar of a series.",
    "trades": "A closed trade of a run.",
    "equity": "A bar of a run. `shares` and `close` are null if the run has several symbols.",
    "runs_by_symbol": "A symbol of a run of several symbols. `metrics` is JSON.",
    "equity_by_symbol": "A bar of a symbol of a run of several symbols.",
    "runs": "A run with a result. `parameters` and `metrics` are JSON.",
    "sweeps": "A set of parameters of a sweep, with every metric. `parameters` is JSON.",
    "walk_forward": "A window of a walk-forward. `parameters` is JSON.",
}
"""What a row of each table is."""
HEAD = "| column | type | |\n|---|---|---|\n"


def render() -> str:
    """Return the page."""
    return "\n".join([INTRODUCTION, *(_section(name, table) for name, table in TABLES.items())])


def _section(name: str, table: LakeTable) -> str:
    partitions = [
        _row(column, table.partition_columns[column], _partition(partition.projection["type"]))
        for column, partition in table.partitions.items()
    ]
    columns = [_row(each.name, hive_type(each.type), "null" if each.nullable else "") for each in table.schema]
    return f"## `{name}`\n\n{ROWS[name]} Files: `{table.prefix}`.\n\n{HEAD}{''.join([*partitions, *columns])}"


def _partition(projection: str) -> str:
    return "partition, required" if projection == "injected" else "partition"


def _row(column: str, kind: str, note: str) -> str:
    return f"| `{column}` | {kind} | {note} |\n"
