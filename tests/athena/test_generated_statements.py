"""Statements over types, partitions and joins: the same values on both engines, or a refusal by both."""

from pathlib import Path

import pytest

from tests.athena.athena import Athena, AthenaError
from tests.athena.comparison import assert_same
from tests.athena.lake import Runs
from tests.athena.statements import Statement
from tools.trino.engine import Trino, TrinoError

EXPRESSIONS = (
    # numbers
    *("66 / 7", "-66 / 7", "66 % 7", "-66 % 7", "66.0 / 7", "1e0 / 3", "5 / 2.0", "BIGINT '9007199254740993'"),
    *("1e10", "1e-7", "12345678.9e0", "nan()", "infinity()", "is_nan(nan())", "DECIMAL '1.20' + 1", "round(2.5e0)"),
    *("round(-2.5e0)", "round(1.2345e0, 2)", "truncate(2.7e0)", "floor(-0.5e0)", "power(2, 10)", "sqrt(2e0)"),
    *("ln(10)", "mod(7, 3)", "CAST(2.5e0 AS integer)", "CAST('12' AS bigint)", "TRY(1 / 0)"),
    *("TRY_CAST('x' AS integer)", "greatest(1, 2)"),
    # truth and null
    *("true AND NULL", "NULL IS NULL", "coalesce(NULL, 1)", "nullif(1, 1)", "if(1 > 2, 'a', 'b')", "1 IN (1, NULL)"),
    # text
    *("'a' || 'b'", "lower('Ä')", "length('日本')", "substr('tickfold', 2, 3)", "split_part('a,b', ',', 2)", "'it''s'"),
    *("position('f' IN 'tickfold')", "replace('aba', 'a', 'c')", "regexp_like('GC=F', '=F$')", "reverse('abc')"),
    *("regexp_extract('run-12', '[0-9]+')", "lpad('7', 3, '0')", "concat('a', 'b')", "strpos('abc', 'c')"),
    *("trim(' a ')", "CAST(1e0 AS varchar)", "CAST(1e10 AS varchar)", "CAST(0.1e0 AS varchar)"),
    *("CAST(true AS varchar)", "CAST(DATE '2026-01-31' AS varchar)"),
    *("CAST(TIMESTAMP '2026-01-31 10:00:00.001' AS varchar)", "format('%d', 5)"),
    # times, with milliseconds: Athena has no others, Trino has what is given
    *("DATE '2026-01-31'", "TIMESTAMP '2026-01-31 10:00:00.001'", "DATE '2026-01-31' + INTERVAL '1' MONTH"),
    *("INTERVAL '2' DAY", "INTERVAL '3' MONTH", "date_add('day', -7, DATE '2026-01-31')", "year(DATE '2026-01-31')"),
    *("date_diff('day', DATE '2026-01-01', DATE '2026-01-31')", "day_of_week(DATE '2026-01-31')"),
    *("week(DATE '2026-01-31')", "date_trunc('week', DATE '2026-01-31')"),
    *("date_trunc('hour', TIMESTAMP '2026-01-31 10:30:00.000')", "quarter(DATE '2026-01-31')", "from_unixtime(0)"),
    *("to_unixtime(TIMESTAMP '2026-01-31 00:00:00')", "date_format(TIMESTAMP '2026-01-31 10:00:00', '%Y/%m')"),
    *("extract(dow FROM DATE '2026-02-01')", "TIMESTAMP '2026-01-31 10:00:00.000' AT TIME ZONE 'America/New_York'"),
    *("CAST('2026-01-31' AS date)", "CAST(DATE '2026-01-31' AS timestamp)", "date_parse('2026-01', '%Y-%m')"),
    # structures and JSON
    *("ARRAY[1, 2]", "ARRAY['a', NULL]", "ARRAY[1.5e0]", "ARRAY[1, 2][1]", "cardinality(ARRAY[1, 2])"),
    *("array_join(ARRAY[1, 2], '-')", "MAP(ARRAY['a'], ARRAY[1])", "element_at(MAP(ARRAY['a'], ARRAY[1]), 'a')"),
    *("ROW(1, 'x')", "contains(ARRAY[1], 1)", 'json_extract(\'{"a": [1, 2]}\', \'$.a\')'),
    *('json_extract_scalar(\'{"a": 1}\', \'$.a\')', "json_parse('[1, 2]')"),
    *('json_value(\'{"a": "x"}\', \'lax $.a\')', 'CAST(json_extract(\'{"a": 1}\', \'$.a\') AS double)', "X'0aff'"),
    *("to_hex(X'0aff')", "sequence(1, 3)", "transform(ARRAY[1, 2], x -> x + 1)"),
    *("reduce(ARRAY[1, 2], 0, (s, x) -> s + x, s -> s)",),
)  # fmt: skip

STATEMENTS = [
    paragraph.strip()
    for paragraph in Path(__file__).with_name("statements.sql").read_text().split("\n\n")
    if not paragraph.startswith("--")
]

REFUSED = (
    "SELECT * FROM bars",
    "SELECT * FROM bars WHERE timeframe = '1d'",
    "SELECT * FROM bars WHERE symbol = 'GOOG'",
    "SELECT * FROM bars WHERE symbol LIKE 'GOO%' AND timeframe = '1d'",
    "SELECT * FROM bars WHERE symbol <> 'GOOG' AND timeframe = '1d'",
    "SELECT * FROM bars WHERE symbol > 'A' AND timeframe = '1d'",
    "SELECT * FROM bars WHERE lower(symbol) = 'goog' AND timeframe = '1d'",
    "SELECT * FROM trades",
    "SELECT * FROM trades WHERE run_id LIKE '%'",
    "SELECT t.pnl FROM runs r JOIN trades t ON r.run_id = t.run_id",
    "SELECT * FROM runs WHERE day = '2026-11-25'",
    "SELECT * FROM runs WHERE year = '2026'",
    "SELECT nothing FROM runs",
    "SELECT * FROM nothing",
    "SELECT symbol, count(*) FROM runs",
    "SELEC 1",
    "SELECT 1 / 0",
    "SELECT CAST('x' AS integer)",
    "SELECT 'a' + 1",
    "SELECT strftime(DATE '2026-01-31', '%Y')",
    "SELECT list_value(1, 2)",
    "SELECT * FROM read_parquet('x')",
)


def filled(sql: str, runs: Runs) -> Statement:
    """Return the statement with the ids of the runs."""
    for kind, run_id in vars(runs).items():
        sql = sql.replace(f"{{{kind}}}", run_id)
    return Statement("generated", sql)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expression_has_the_value_of_trino(trino: Trino, athena: Athena, expression: str) -> None:
    assert_same(trino, athena, Statement("expression", f"SELECT {expression} AS value"))


@pytest.mark.parametrize("sql", STATEMENTS)
def test_statement_has_the_answer_of_trino(trino: Trino, athena: Athena, runs: Runs, sql: str) -> None:
    assert_same(trino, athena, filled(sql, runs))


@pytest.mark.parametrize("sql", REFUSED)
def test_statement_is_refused_by_both(trino: Trino, athena: Athena, sql: str) -> None:
    with pytest.raises(TrinoError):
        trino.ask(sql)
    with pytest.raises(AthenaError):
        athena.ask(sql)
