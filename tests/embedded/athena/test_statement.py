"""Statements: what Athena accepts, and in which words it refuses the rest."""

import pytest

from embedded.athena.errors import MalformedStatementError, QueryFailedError
from embedded.athena.statement import read_execute, read_statement, with_parameters


@pytest.mark.parametrize(
    ("sql", "kind", "keyword", "granted"),
    [
        ("SELECT 1", "DML", "SELECT", True),
        ("with a AS (SELECT 1) SELECT * FROM a", "DML", "WITH", True),
        ("(SELECT 1)", "DML", "(", True),
        ("-- why\nSELECT 1", "DML", "SELECT", True),
        ("VALUES (1), (2)", "DML", "VALUES", True),
        ("SHOW TABLES", "UTILITY", "SHOW", True),
        ("DESCRIBE bars", "UTILITY", "DESCRIBE", True),
        ("EXPLAIN SELECT 1", "UTILITY", "EXPLAIN", True),
        ("EXECUTE p USING 1", "UTILITY", "EXECUTE", True),
        ("drop table runs", "DDL", "DROP", False),
        ("CREATE TABLE a AS SELECT 1", "DDL", "CREATE", False),
        ("INSERT INTO runs SELECT 1", "DML", "INSERT", False),
        ("UNLOAD (SELECT 1) TO 's3://a/'", "DML", "UNLOAD", False),
    ],
)
def test_kind_of_a_statement(sql: str, kind: str, keyword: str, granted: bool) -> None:
    found = read_statement(sql)
    assert (found.kind, found.keyword, found.is_granted) == (kind, keyword, granted)


@pytest.mark.parametrize("sql", ["SELECT 1;", "SELECT 1 ; ;", "SELECT 1 ;-- end\n"])
def test_semicolon_at_the_end_is_left_out(sql: str) -> None:
    assert read_statement(sql).sql.rstrip() == "SELECT 1"


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("", r"line 1:1: mismatched input '<EOF>'"),
        ("-- nothing", r"line 1:1: mismatched input '<EOF>'"),
        ("SELECT 1; SELECT 2", r"Only one sql statement is allowed\. Got: SELECT 1; SELECT 2"),
        ("SELEC 1", r"line 1:1: mismatched input 'SELEC'\. Expecting: "),
        ("COPY runs TO 'x'", r"line 1:1: mismatched input 'COPY'"),
        ("PRAGMA database_list", r"line 1:1: mismatched input 'PRAGMA'"),
        ("ATTACH 'x.db'", r"line 1:1: mismatched input 'ATTACH'"),
        ("SELECT\n 1 FROM", r"line 2:4: mismatched input 'FROM'"),
        ("SELECT a::integer FROM t", r"line 1:9: mismatched input '::'"),
        ("SELECT 1 WHERE 1 == 1", r"line 1:18: mismatched input '=='"),
        ("SELECT 'a' ILIKE 'A'", r"line 1:12: mismatched input 'ILIKE'"),
        ("SELECT 1 LIMIT 1 OFFSET 1", r"line 1:18: mismatched input 'OFFSET'"),
        ("EXPLAIN SELEC 1", r"line 1:"),
    ],
)
def test_what_is_no_statement_of_trino_is_refused(sql: str, reason: str) -> None:
    with pytest.raises(MalformedStatementError, match=rf"^{reason}"):
        read_statement(sql)


def test_offset_before_limit_is_trinos_order() -> None:
    assert read_statement("SELECT * FROM (SELECT 1 LIMIT 1) OFFSET 1 LIMIT 1").kind == "DML"


def test_parameters_stand_for_question_marks_outside_of_texts() -> None:
    sql = "SELECT '?' AS a -- ?\nFROM t WHERE b = ? AND c = ? LIMIT ?"
    expected = "SELECT '?' AS a -- ?\nFROM t WHERE b = 'it''s' AND c = (DATE '2026-01-31') LIMIT 5"
    assert with_parameters(sql, ["'it''s'", "DATE '2026-01-31'", "5"]) == expected


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ([], r"line 1:1: Incorrect number of parameters: expected 1 but found 0"),
        (["1", "2"], r"line 1:1: Incorrect number of parameters: expected 1 but found 2"),
        (["SELECT 1"], r"parameter SELECT 1 is no value"),
        (["DROP TABLE runs"], r"parameter DROP TABLE runs is no value"),
        (["'open"], r"parameter 'open: line 1:1"),
    ],
)
def test_wrong_parameters_are_refused(parameters: list[str], reason: str) -> None:
    with pytest.raises(QueryFailedError, match=rf"^INVALID_PARAMETER_USAGE: {reason}"):
        with_parameters("SELECT ?", parameters)


def test_parameter_cannot_end_its_condition() -> None:
    assert with_parameters("SELECT 1 WHERE 1 = ?", ["1 OR 1 = 1"]) == "SELECT 1 WHERE 1 = (1 OR 1 = 1)"


def test_execute_names_a_statement_and_its_parameters() -> None:
    assert read_execute("EXECUTE p") == ("p", [])
    assert read_execute("execute p USING 'a,b', 5") == ("p", ["'a,b'", "5"])
    with pytest.raises(MalformedStatementError, match="expected EXECUTE"):
        read_execute("EXECUTE IMMEDIATE 'SELECT 1'")
