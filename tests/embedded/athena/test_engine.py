"""Answers to queries: as Trino 483 gave them, to the letter, unless a test says otherwise."""

import pytest

from embedded.athena.engine import Engine
from embedded.athena.errors import BytesLimitError, MalformedStatementError, QueryFailedError
from embedded.athena.lake import Scan
from tests.embedded.athena.conftest import CATALOG, DATABASE, Lake, answer

BARS = "FROM bars WHERE symbol = 'A' AND timeframe = '1d'"


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("7/2", "3"),
        ("-7/2", "-3"),
        ("7.0/2", "3.500000000000"),
        ("1.0/3", "0.333333333333"),
        ("10/4.0", "2.500000"),
        ("100.0*3/7", "42.857142857143"),
        ("1e0/3", "0.3333333333333333"),
        ("2.50*1.1", "2.750"),
        ("1.5+2", "3.5"),
        ("1e0/0", "Infinity"),
        ("0e0/0", "NaN"),
        ("-5 % 3", "-2"),
        ("1.464585E7", "1.464585E7"),
        ("1E10", "1.0E10"),
        ("0.0001E0", "1.0E-4"),
        ("0.001E0", "0.001"),
        ("1E7", "1.0E7"),
        ("REAL '1.1'", "1.1"),
        ("DECIMAL '1.50'", "1.50"),
        ("TRUE", "true"),
        ("NULL", None),
        ("CAST(1.5E0 AS varchar)", "1.5E0"),
        ("CAST(0E0 AS varchar)", "0E0"),
        ("CAST(1.50 AS varchar)", "1.50"),
        ("CAST('abc' AS varchar(2))", "ab"),
        ("CAST(1.7E0 AS bigint)", "2"),
        ("try_cast('x' AS integer)", None),
        ("try(1/0)", None),
        ("round(-2.5E0)", "-3.0"),
        ("date_format(TIMESTAMP '2020-01-02 03:04:05.678', '%Y-%m-%d %H:%i:%s')", "2020-01-02 03:04:05"),
        ("date_parse('2020-01-02', '%Y-%m-%d')", "2020-01-02 00:00:00.000"),
        ("date_trunc('month', DATE '2020-01-15')", "2020-01-01"),
        ("date_add('day', -7, DATE '2020-01-05')", "2019-12-29"),
        ("date_diff('day', DATE '2020-01-01', DATE '2020-02-01')", "31"),
        ("DATE '2020-01-08' - INTERVAL '7' DAY", "2020-01-01"),
        ("DATE '2020-01-08' - DATE '2020-01-01'", "7 00:00:00.000"),
        ("TIMESTAMP '2020-01-08 00:00:00' - TIMESTAMP '2020-01-01 12:00:00'", "6 12:00:00.000"),
        ("INTERVAL '3' MONTH", "0-3"),
        ("INTERVAL '1' YEAR", "1-0"),
        ("day_of_week(DATE '2020-01-05')", "7"),
        ("millisecond(TIMESTAMP '2020-01-01 01:02:03.456')", "456"),
        ("is_nan(nan())", "true"),
        ("-infinity()", "-Infinity"),
        ("""json_extract_scalar('{"a": 1.5}', '$.a')""", "1.5"),
        ("""json_extract_scalar('{"a": {"b": 1}}', '$.a')""", None),
        ("json_extract_scalar('x', '$.a')", None),
        ("""json_extract('{"a": {"b": 2}}', '$.a')""", '{"b":2}'),
        ("""json_value('{"a": 1}', 'lax $.a')""", "1"),
        ("ARRAY[1, 2, 3]", "[1, 2, 3]"),
        ("ARRAY['a', NULL]", "[a, null]"),
        ("MAP(ARRAY['a'], ARRAY[1])", "{a=1}"),
        ("cardinality(MAP(ARRAY['a'], ARRAY[1]))", "1"),
        ("sequence(1, 3)", "[1, 2, 3]"),
        ("transform(ARRAY[1, 2], x -> x * 2)", "[2, 4]"),
        ("typeof(1/2.0)", "decimal(17,6)"),
        ("typeof('a')", "varchar(1)"),
        ("if(1 > 2, 'a', 'b')", "b"),
        ("regexp_extract('a12', '\\d+')", "12"),
    ],
)
def test_value_of_an_expression(expression: str, text: str | None) -> None:
    assert answer(f"SELECT {expression}").rows == [[text]]


def test_shares_of_counts_are_whole_decimal_or_double() -> None:
    found = answer(
        f"SELECT count_if(close > 10) / count(*), count_if(close > 10) * 1.0 / count(*), 2e0 / count(*) {BARS}"
    )
    assert found.rows == [["0", "0.666666666666666667", "0.6666666666666666"]]
    assert found.types == ["bigint", "decimal", "double"]


def test_times_are_shown_to_the_millisecond_and_in_the_zone_that_is_asked_for() -> None:
    found = answer(f'SELECT "timestamp", "timestamp" AT TIME ZONE \'America/New_York\' {BARS} LIMIT 1')
    assert found.rows == [["2020-01-01 00:00:00.000", "2019-12-31 19:00:00.000 America/New_York"]]
    assert found.types == ["timestamp", "timestamp with time zone"]


def test_equality_to_the_millisecond_finds_the_row() -> None:
    sql = "SELECT run_id FROM runs WHERE created_at = TIMESTAMP '2026-11-25 12:00:00.123'"
    assert answer(sql).rows == [["one"]]
    assert answer(sql.replace(".123", ".124")).rows == []


def test_columns_are_named_as_they_are_written() -> None:
    assert answer('SELECT 1 AS Foo, 2 AS "Bar", 3, 4 + 1, trades, Symbol FROM runs').names == [
        "Foo",
        "Bar",
        "_col2",
        "_col3",
        "trades",
        "Symbol",
    ]
    assert answer(f"SELECT *, 1 {BARS}").names[-3:] == ["symbol", "timeframe", "_col6"]
    assert answer("VALUES (1, 'a')").names == ["_col0", "_col1"]


def test_nulls_are_last_in_either_order() -> None:
    rows = "FROM (VALUES 1, NULL, 2) AS t(n) ORDER BY n"
    assert answer(f"SELECT n {rows}").rows == [["1"], ["2"], [None]]
    assert answer(f"SELECT n {rows} DESC").rows == [["2"], ["1"], [None]]


def test_arrays_are_unnested_side_by_side() -> None:
    sql = "SELECT x, y FROM UNNEST(ARRAY[1, 2], ARRAY['a', 'b']) AS t(x, y)"
    assert answer(sql).rows == [["1", "a"], ["2", "b"]]


def test_path_of_a_row_is_a_hidden_column() -> None:
    assert answer(f'SELECT DISTINCT "$path" {BARS}').rows == [["s3://bucket/data/bars/A/1d/2020.parquet"]]
    assert "$path" not in answer(f"SELECT * {BARS}").names


def test_tables_are_in_the_information_schema() -> None:
    found = answer("SELECT table_name FROM information_schema.tables WHERE table_schema = 'lake' ORDER BY 1")
    assert found.rows == [["bars"], ["runs"]]
    sql = "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'runs' AND "
    assert answer(f"{sql} ordinal_position = 5").rows == [["created_at", "timestamp(3)"]]


# --- partitions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", ["A", "ES=F", "BTC/USD"])
def test_symbol_of_any_characters_is_found(symbol: str) -> None:
    assert answer(f"SELECT count(*) FROM bars WHERE symbol = '{symbol}' AND timeframe = '1d'").rows == [["3"]]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM bars WHERE symbol IN ('A', 'ES=F') AND timeframe = '1d'",
        "SELECT count(*) FROM bars WHERE (symbol = 'A' OR symbol = 'ES=F') AND timeframe = '1d'",
        "SELECT count(*) FROM bars WHERE (symbol = 'A' AND timeframe = '1d') OR (symbol = 'ES=F' AND '1d' = timeframe)",
        "SELECT count(*) FROM bars WHERE symbol IN (upper('a'), 'ES' || '=F') AND timeframe LIKE '1d'",
        "WITH b AS (SELECT * FROM bars) SELECT count(*) FROM b WHERE symbol IN ('A', 'ES=F') AND timeframe = '1d'",
        "SELECT count(*) FROM (SELECT symbol AS s, timeframe FROM bars) WHERE s IN ('A', 'ES=F') AND timeframe = '1d'",
        "SELECT count(*) FROM (SELECT symbol, timeframe FROM bars WHERE symbol = 'A' UNION ALL "
        "SELECT symbol, timeframe FROM bars WHERE symbol = 'ES=F') WHERE timeframe = '1d'",
    ],
)
def test_partitions_are_those_of_static_equalities(lake: Lake, sql: str) -> None:
    assert answer(sql, lake).rows == [["6"]]
    assert sorted(lake.listed) == ["/bars/A/1d/", "/bars/ES=F/1d/"]


def test_equality_is_handed_on_through_joins(lake: Lake) -> None:
    join = 'JOIN bars b ON a.symbol = b.symbol AND b.timeframe = a.timeframe AND a."timestamp" = b."timestamp"'
    sql = "SELECT count(*) FROM bars a {} {} WHERE a.symbol = 'A' AND a.timeframe = '1d'"
    assert answer(sql.format("", join), lake).rows == [["3"]]
    assert answer(sql.format("LEFT", join), lake).rows == [["3"]]
    assert set(lake.listed) == {"/bars/A/1d/"}


@pytest.mark.parametrize("side", ["", "LEFT", "RIGHT", "FULL"])
def test_column_of_using_is_that_of_each_table(lake: Lake, side: str) -> None:
    sql = f'SELECT count(*) FROM bars a {side} JOIN bars b USING (symbol, timeframe, "timestamp")'
    assert answer(f"{sql} WHERE symbol = 'A' AND timeframe = '1d'", lake).rows == [["3"]]
    assert set(lake.listed) == {"/bars/A/1d/"}


def test_condition_of_an_outer_join_leaves_the_other_side_alone() -> None:
    sql = "SELECT count(*) FROM runs r LEFT JOIN (VALUES 1) AS t(n) ON r.year = 2026 AND t.n = 1"
    assert answer(sql).rows == [["2"]]
    reason = "^CONSTRAINT_VIOLATION: For the injected projected partition column symbol"
    with pytest.raises(QueryFailedError, match=reason):
        answer("SELECT 1 FROM bars b LEFT JOIN runs r ON b.symbol = 'A' AND b.timeframe = '1d'")


@pytest.mark.parametrize(
    "condition",
    [
        "1 = 1",
        "symbol = 'A'",
        "timeframe = '1d' AND symbol <> 'A'",
        "timeframe = '1d' AND symbol LIKE 'A%'",
        "timeframe = '1d' AND symbol > 'A'",
        "timeframe = '1d' AND upper(symbol) = 'A'",
        "timeframe = '1d' AND (symbol = 'A' OR year = 2020)",
        "timeframe = '1d' AND NOT symbol = 'A'",
        "timeframe = '1d' AND symbol IN (SELECT symbol FROM runs)",
        "timeframe = '1d' AND symbol = timeframe || ''",
    ],
)
def test_injected_column_without_static_equality_is_refused(lake: Lake, condition: str) -> None:
    with pytest.raises(QueryFailedError, match=r"^CONSTRAINT_VIOLATION: For the injected projected partition column "):
        answer(f"SELECT count(*) FROM bars WHERE {condition}", lake)
    assert lake.listed == []


def test_condition_outside_of_a_window_or_a_limit_is_none_inside() -> None:
    for inner in ("SELECT symbol, timeframe, row_number() OVER (ORDER BY year) AS n", "SELECT symbol, timeframe"):
        source = f"({inner} FROM bars{'' if 'OVER' in inner else ' LIMIT 1'})"
        sql = f"SELECT * FROM {source} WHERE symbol = 'A' AND timeframe = '1d'"
        with pytest.raises(QueryFailedError, match=r"^CONSTRAINT_VIOLATION"):
            answer(sql)


def test_contradicting_equalities_read_nothing(lake: Lake) -> None:
    assert answer("SELECT count(*) FROM bars WHERE symbol = 'A' AND symbol = 'B' AND timeframe = '1d'", lake).rows == [
        ["0"]
    ]
    assert lake.listed == []


def test_projected_years_are_all_read_unless_one_is_given(lake: Lake) -> None:
    assert answer("SELECT sum(trades) FROM runs", lake).rows == [["10"]]
    assert lake.listed == [f"/runs/year={year}/" for year in (2025, 2026, 2027, 2028)]
    lake.listed.clear()
    assert answer("SELECT sum(trades) FROM runs WHERE year = 2026", lake).rows == [["7"]]
    assert lake.listed == ["/runs/year=2026/"]


def test_only_the_columns_of_the_query_count_as_read(lake: Lake) -> None:
    one, all_ = Scan(lake.objects), Scan(lake.objects)
    Engine(CATALOG, DATABASE, one).answer(f"SELECT close {BARS}")
    Engine(CATALOG, DATABASE, all_).answer(f"SELECT * {BARS}")
    assert 0 < one.scanned < all_.scanned
    with pytest.raises(BytesLimitError, match=r"^Bytes scanned limit was exceeded$"):
        Engine(CATALOG, DATABASE, Scan(lake.objects, most=one.scanned - 1)).answer(f"SELECT close {BARS}")


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (
            "SELECT * FROM runs WHERE day = '2026-11-25'",
            r"TYPE_MISMATCH: line 1:30: Cannot apply operator: date = varchar(10)",
        ),
        (
            "SELECT * FROM runs WHERE created_at > '2026'",
            r"TYPE_MISMATCH: line 1:37: Cannot apply operator: timestamp(3) < varchar(4)",
        ),
        (
            "SELECT * FROM runs WHERE year = '2026'",
            r"TYPE_MISMATCH: line 1:31: Cannot apply operator: integer = varchar(4)",
        ),
        (
            "SELECT * FROM runs WHERE year IN ('2026')",
            r"TYPE_MISMATCH: line 1:35: IN value and list items must be the same type",
        ),
        (
            "SELECT * FROM runs WHERE day BETWEEN '2026' AND '2027'",
            r"TYPE_MISMATCH: line 1:30: Cannot check if date is BETWEEN varchar(4) and varchar(4)",
        ),
        ("SELECT 'a' = 1", r"TYPE_MISMATCH: Cannot apply operator: varchar(1) = integer"),
        ("SELECT 'a' + 1", r"TYPE_MISMATCH: Cannot apply operator: varchar(1) + integer"),
        ("SELECT 1 || 'a'", r"FUNCTION_NOT_FOUND: Unexpected parameters (integer, varchar(1)) for function concat"),
        (
            "SELECT 1 FROM runs WHERE symbol",
            r"TYPE_MISMATCH: WHERE clause must evaluate to a boolean: actual type varchar",
        ),
        ("SELECT nope FROM runs", r"COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"),
        ("SELECT s.x FROM runs", r"COLUMN_NOT_FOUND: line 1:8: Column 's.x' cannot be resolved"),
        ("SELECT trades AS t FROM runs WHERE t > 1", r"COLUMN_NOT_FOUND: line 1:36: Column 't' cannot be resolved"),
        (
            "SELECT a.run_id FROM runs a, runs b WHERE symbol = 'A'",
            r"AMBIGUOUS_NAME: line 1:43: Column 'symbol' is ambiguous",
        ),
        ("SELECT 1 FROM nope", r"TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.lake.nope' does not exist"),
        ("SELECT 1 FROM other.runs", r"SCHEMA_NOT_FOUND: line 1:15: Schema 'other' does not exist"),
        ("SELECT 1 FROM hive.lake.runs", r"CATALOG_NOT_FOUND: line 1:15: Catalog 'hive' not found"),
        ("SELECT nope(1)", r"FUNCTION_NOT_FOUND: line 1:8: Function 'nope' not registered"),
        ("SELECT getenv('HOME')", r"FUNCTION_NOT_FOUND: line 1:8: Function 'getenv' not registered"),
        (
            "SELECT * FROM read_text('/etc/passwd')",
            r"FUNCTION_NOT_FOUND: line 1:15: Function 'read_text' not registered",
        ),
        (
            "SELECT * FROM duckdb_settings()",
            r"FUNCTION_NOT_FOUND: line 1:15: Function 'duckdb_settings' not registered",
        ),
        (
            "SELECT symbol, count(*) FROM runs",
            r"EXPRESSION_NOT_AGGREGATE: 'symbol' must be an aggregate expression or appear in GROUP BY clause",
        ),
        (
            "SELECT DISTINCT symbol FROM runs ORDER BY trades",
            r"EXPRESSION_NOT_IN_DISTINCT: line 1:1: For SELECT DISTINCT",
        ),
        ("SELECT 7 / 0", r"DIVISION_BY_ZERO: Division by zero"),
        ("SELECT 7.0 / 0", r"DIVISION_BY_ZERO: Division by zero"),
        ("SELECT CAST('x' AS integer)", r"INVALID_CAST_ARGUMENT: Cannot cast 'x' to INT"),
        ("SELECT 2147483647 + 1", r"NUMERIC_VALUE_OUT_OF_RANGE: integer addition overflow: 2147483647 + 1"),
        ("SELECT DATE '2020-13-01'", r"INVALID_LITERAL: '2020-13-01' is not a valid"),
    ],
)
def test_refusal_gives_athenas_reason(lake: Lake, sql: str, reason: str) -> None:
    with pytest.raises(QueryFailedError) as refused:
        answer(sql, lake)
    assert str(refused.value).startswith(reason)
    assert lake.listed == []


@pytest.mark.parametrize("source", ["'/etc/passwd'", "'s3://bucket/data/bars/A/1d/2020.parquet'"])
def test_file_is_no_table(source: str) -> None:
    with pytest.raises(MalformedStatementError, match="mismatched input"):
        answer(f"SELECT * FROM {source}")


def test_what_duckdb_lacks_is_named_as_such() -> None:
    with pytest.raises(QueryFailedError, match=r"^NOT_SUPPORTED: function normal_cdf is not supported by the embedded"):
        answer("SELECT normal_cdf(0, 1, 0.5E0)")


def test_query_that_was_interrupted_before_it_ran_ends(lake: Lake) -> None:
    engine = Engine(CATALOG, DATABASE, Scan(lake.objects))
    engine.interrupt()
    with pytest.raises(QueryFailedError, match=r"^USER_CANCELED: Query was canceled by user$"):
        engine.answer("SELECT 1")
