"""Every table and every column: all rows are the same on both engines, and each value is found by equality."""

import pytest

from tests.athena.athena import Athena
from tests.athena.comparison import assert_same
from tests.athena.lake import SYMBOLS, TICKS, Runs, bars_of
from tests.athena.statements import Statement
from tickfold.storage.tables import TABLES
from tools.trino.engine import Trino

COLUMNS = [(name, column) for name, table in TABLES.items() for column in [*table.partition_columns, *table.columns]]


def condition(table: str, runs: Runs) -> str:
    """Return the condition on the injected columns of `table` by which it has rows."""
    match table:
        case "runs":
            return "year >= 2026"
        case _ if table.startswith("portfolio_"):
            return "year >= 2026"
        case "bars":
            return f"symbol = '{TICKS}' AND timeframe = '1s'"
        case "sweeps":
            return f"run_id = '{runs.sweep}'"
        case "walk_forward":
            return f"run_id = '{runs.walk_forward}'"
        case "runs_by_symbol" | "equity_by_symbol":
            return f"run_id = '{runs.several}'"
    return f"run_id = '{runs.single}'"


def literal(value: str, kind: str) -> str:
    """Return a value of Trino's answer as a literal of SQL."""
    quoted = "'" + value.replace("'", "''") + "'"
    if kind in ("double", "date") or kind.startswith("timestamp"):
        return f"{kind.partition('(')[0].upper()} {quoted}"
    return quoted if kind == "varchar" else value


@pytest.mark.parametrize("table", TABLES)
def test_rows_are_the_same(trino: Trino, athena: Athena, runs: Runs, table: str) -> None:
    answer = assert_same(trino, athena, Statement(table, f"SELECT * FROM {table} WHERE {condition(table, runs)}"))
    assert answer.rows


@pytest.mark.parametrize("several", ["equity", "trades"])
def test_rows_of_a_run_of_several_symbols_are_the_same(trino: Trino, athena: Athena, runs: Runs, several: str) -> None:
    assert_same(trino, athena, Statement(several, f"SELECT * FROM {several} WHERE run_id = '{runs.several}'"))


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_value_is_found_by_equality(trino: Trino, athena: Athena, runs: Runs, table: str, column: str) -> None:
    where = f"FROM {table} WHERE {condition(table, runs)}"
    found = trino.ask(f'SELECT max("{column}") {where}')
    value = found.rows[0][0]
    equal = f'"{column}" IS NULL' if value is None else f'"{column}" = {literal(value, found.columns[0].type)}'
    sql = f'SELECT count(*) AS n, count("{column}") AS given, min("{column}") AS value {where} AND {equal}'
    answer = assert_same(trino, athena, Statement(table, sql))
    assert answer.rows[0][0] != "0"


@pytest.mark.parametrize(
    "time", ["1969-12-31 23:59:59.999", "1970-01-01 00:00:00", "2024-03-10 07:30:00.001", "2024-11-03 05:30:00.999"]
)
def test_time_is_found_to_the_millisecond(trino: Trino, athena: Athena, runs: Runs, time: str) -> None:
    where = f"symbol = '{TICKS}' AND timeframe = '1s' AND \"timestamp\" = TIMESTAMP '{time}'"
    answer = assert_same(
        trino, athena, Statement("time", f'SELECT count(*) AS n, max("timestamp") AS t FROM bars WHERE {where}')
    )
    assert answer.rows == [["1", time if "." in time else f"{time}.000"]]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_symbol_is_found_as_it_is(trino: Trino, athena: Athena, runs: Runs, symbol: str) -> None:
    where = f"symbol = {literal(symbol, 'varchar')} AND timeframe = '1d'"
    sql = (
        f"SELECT count(*) AS n, min(symbol) AS low, max(symbol) AS high, max(close) AS highest FROM bars WHERE {where}"
    )
    answer = assert_same(trino, athena, Statement("symbol", sql))
    assert answer.rows[0][:3] == [str(len(bars_of(symbol))), symbol, symbol]
