"""What Athena refuses, with Athena's reasons."""

import re

import pytest

from embedded.athena.errors import MalformedStatementError, QueryFailedError
from embedded.athena.statement import parse_query, read_statement, with_parameters
from tests.embedded.athena.lake import DATABASE, answer

RUNS = "SELECT 1 FROM runs WHERE {}"


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("SELECT 7 % 0", "DIVISION_BY_ZERO: Division by zero"),
        ("SELECT 7.5 / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("SELECT transform(ARRAY[7], x -> x / 0)", "DIVISION_BY_ZERO: Division by zero"),
        ("SELECT 2147483647 + 1", "NUMERIC_VALUE_OUT_OF_RANGE: integer addition overflow: 2147483647 + 1"),
        (
            "SELECT 9223372036854775807 + 1",
            "NUMERIC_VALUE_OUT_OF_RANGE: bigint addition overflow: 9223372036854775807 + 1",
        ),
        ("SELECT cast('x' AS integer)", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to INT"),
        ("SELECT cast('x' AS bigint)", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to BIGINT"),
        ("SELECT nope FROM runs", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"),
        ("SELECT * FROM nope", f"TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.{DATABASE}.nope' does not exist"),
        ("SELECT * FROM nope.runs", "SCHEMA_NOT_FOUND: line 1:15: Schema 'nope' does not exist"),
        ("SELECT nope(1)", "FUNCTION_NOT_FOUND: line 1:8: Function 'nope' not registered"),
        ("SELECT\n  nope(1)", "FUNCTION_NOT_FOUND: line 2:3: Function 'nope' not registered"),
        ("SELECT format_datetime(now(), 'EEE w')", "NOT_SUPPORTED: w in a format of times is not supported by the "),
    ],
)
def test_query_fails_with_athenas_reason(sql: str, reason: str) -> None:
    with pytest.raises(QueryFailedError, match=f"^{re.escape(reason)}"):
        answer(sql)


@pytest.mark.parametrize(
    ("condition", "kinds"),
    [
        ("day = '2026-11-25'", "date = varchar(10)"),
        ("year = '2026'", "integer = varchar(4)"),
        ("created_at >= '2026-01-01'", "timestamp(3) <= varchar(10)"),
        ("symbol = 1", "varchar = integer"),
        ("sharpe = 'high'", "double = varchar(4)"),
        ("1e0 = 'a'", "double = varchar(1)"),
        ("bars < 'a'", "bigint < varchar(1)"),
        ("bars <> 'a'", "bigint = varchar(1)"),
    ],
)
def test_values_of_different_types_are_not_compared(condition: str, kinds: str) -> None:
    with pytest.raises(QueryFailedError, match=f"^TYPE_MISMATCH: .*{re.escape(f'Cannot apply operator: {kinds}')}$"):
        answer(RUNS.format(condition))


@pytest.mark.parametrize("condition", ["day = DATE '2026-11-25'", "year = 2026", "bars > 1.5", "sharpe IS NULL"])
def test_values_of_like_types_are_compared(condition: str) -> None:
    assert answer(RUNS.format(condition)).rows == [["1"]]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv_auto('/etc/passwd')",
        "SELECT * FROM parquet_scan('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT getenv('HOME')",
        "SELECT * FROM '/etc/passwd'",
        'SELECT * FROM "/etc/passwd"',
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM duckdb_settings()",
    ],
)
def test_query_reaches_no_file_or_setting(sql: str) -> None:
    with pytest.raises((QueryFailedError, MalformedStatementError), match=r"not registered|not exist|mismatched"):
        answer(sql)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("", "line 1:1: mismatched input '<EOF>'. Expecting: "),
        ("-- nothing", "line 1:1: mismatched input '<EOF>'. Expecting: "),
        ("SELECT 1; SELECT 2", "Only one sql statement is allowed. Got: SELECT 1; SELECT 2"),
        ("SELEC 1", "line 1:1: mismatched input 'SELEC'. Expecting: "),
        ("COPY runs TO 'a'", "line 1:1: mismatched input 'COPY'. Expecting: "),
        ("PRAGMA version", "line 1:1: mismatched input 'PRAGMA'. Expecting: "),
        ("ATTACH 'a'", "line 1:1: mismatched input 'ATTACH'. Expecting: "),
        ("SET threads = 1", "line 1:1: mismatched input 'SET'. Expecting: "),
        ("INSTALL httpfs", "line 1:1: mismatched input 'INSTALL'. Expecting: "),
        ("SELECT '1'::integer", "line 1:11: mismatched input '::'"),
        ("SELECT 1 LIMIT 1 OFFSET 1", "line 1:18: mismatched input 'OFFSET'"),
    ],
)
def test_statement_is_malformed(sql: str, reason: str) -> None:
    with pytest.raises(MalformedStatementError, match=f"^{re.escape(reason)}"):
        read_statement(sql)


@pytest.mark.parametrize(
    "word", ["DROP", "create", "ALTER", "INSERT", "DELETE", "UPDATE", "MERGE", "UNLOAD", "MSCK", "VACUUM"]
)
def test_statement_that_changes_something_is_not_granted(word: str) -> None:
    assert not read_statement(f"{word} TABLE runs").is_granted


@pytest.mark.parametrize("sql", ["SELECT 1;", "WITH a AS (SELECT 1) SELECT * FROM a", "SHOW TABLES", "DESCRIBE runs"])
def test_statement_that_reads_is_granted(sql: str) -> None:
    assert read_statement(sql).is_granted


def test_parameters_take_the_places_of_question_marks_only() -> None:
    sql = "SELECT ?, '?', \"?\" -- ?\n, ?"
    assert with_parameters(sql, ["1", "'a?'"]) == "SELECT 1, '?', \"?\" -- ?\n, 'a?'"


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ([], "line 1:1: Incorrect number of parameters: expected 1 but found 0"),
        (["1", "2"], "line 1:1: Incorrect number of parameters: expected 1 but found 2"),
        (["(SELECT 1)"], "parameter (SELECT 1) is no value"),
        (["1 +"], "parameter 1 +: "),
    ],
)
def test_parameters_that_do_not_fit_are_refused(parameters: list[str], reason: str) -> None:
    with pytest.raises(QueryFailedError, match=f"^INVALID_PARAMETER_USAGE: {re.escape(reason)}"):
        with_parameters("SELECT ?", parameters)


def test_parse_query_refuses_what_is_no_query() -> None:
    with pytest.raises(MalformedStatementError):
        parse_query("DROP TABLE runs")
