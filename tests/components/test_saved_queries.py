"""The saved queries run on tables that have the lake's columns."""

import json
import subprocess
import sys

import pytest

from components.saved_queries import SAVED_QUERIES
from tickfold.storage.tables import TABLES

# In a process of its own: DuckDB's binding complains on standard error when the interpreter that has it loaded ends.
RUN_QUERIES = """
import duckdb, json, sys
tables, queries = json.load(sys.stdin)
lake = duckdb.connect()
for name, columns in tables.items():
    lake.execute(f'CREATE TABLE "{name}" (' + ", ".join(f'"{column}" {t}' for column, t in columns.items()) + ")")
json.dump({name: lake.execute(query, given).fetchall() for name, (query, given) in queries.items()}, sys.stdout)
"""


def test_saved_queries_name_only_columns_that_exist() -> None:
    values = {"symbol": "AAPL", "timeframe": "1d", "year": 2012, "run_id": "run-1", "name": "growth"}
    tables = {name: {**table.columns, **table.partition_columns} for name, table in TABLES.items()}
    queries = {
        name: (query, [values[part.split()[-2]] for part in query.split("?")[:-1]])
        for name, query in SAVED_QUERIES.items()
    }
    done = subprocess.run(  # noqa: PLW1510 # the test itself looks at the return code
        [sys.executable, "-c", RUN_QUERIES], input=json.dumps([tables, queries]), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {name: [] for name in SAVED_QUERIES}


@pytest.mark.parametrize("name", SAVED_QUERIES)
def test_saved_query_gives_every_injected_column_by_equality(name: str) -> None:
    query = SAVED_QUERIES[name]
    table = query.split("FROM ")[1].split()[0]
    partitions = TABLES[table].partitions.items()
    injected = [column for column, partition in partitions if partition.projection["type"] == "injected"]
    assert [column for column in injected if f"{column} = ?" not in query] == []
