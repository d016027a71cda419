"""What is looked at in an SQL statement before it is sent."""

import pytest

from tickfold.storage.sql import (
    CHANGES,
    DEFINITIONS,
    QUERIES,
    UTILITIES,
    EmptyStatementError,
    StatementError,
    check_statement,
    split_statements,
)


@pytest.mark.parametrize("word", [*QUERIES, *UTILITIES, *(word.lower() for word in QUERIES)])
def test_check_statement_accepts_statements_that_read(word: str) -> None:
    check_statement(f"{word} x" if word != "(" else "(SELECT 1)")


@pytest.mark.parametrize("word", [*CHANGES, *DEFINITIONS])
@pytest.mark.parametrize("before", ["", " ", "-- a\n", "/* ; */"])
def test_check_statement_refuses_statements_that_change(word: str, before: str) -> None:
    for spelled in (word, word.lower(), f"({word}"):
        with pytest.raises(StatementError, match=f"^it begins with {word}; a query only reads: SELECT, WITH, "):
            check_statement(f"{before}{spelled} x")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ';'",
        "SELECT 'it''s; drop'",
        'SELECT 1 AS "a;b"',
        "SELECT 1 -- ; SELECT 2",
        "SELECT 1 /* ; */ + 2",
        "SELECT 1;",
        "SELECT 1 ; ; -- the end",
        "SELECT '--'; ",
        "SELECT '/*' || '*/'",
    ],
)
def test_check_statement_finds_one_where_others_are_quoted_or_comments(sql: str) -> None:
    check_statement(sql)


@pytest.mark.parametrize("sql", ["SELECT 1; SELECT 2", "SELECT ''; DROP TABLE t", "SELECT 1 -- a\n; SELECT 2"])
def test_check_statement_refuses_several(sql: str) -> None:
    with pytest.raises(StatementError, match="Only one sql statement is allowed"):
        check_statement(sql)


@pytest.mark.parametrize("sql", ["", " ", "\n\t", ";", "--", "-- a", "/* a\nb */", "/* a */ ; -- b"])
def test_check_statement_refuses_none(sql: str) -> None:
    with pytest.raises(EmptyStatementError, match="SQL is empty: expected one statement"):
        check_statement(sql)


@pytest.mark.parametrize(
    ("sql", "statements", "rest"),
    [
        ("SELECT 1", [], "SELECT 1"),
        ("SELECT 1;\n", ["SELECT 1"], ""),
        ("SELECT 1; -- hai;\n", ["SELECT 1"], ""),
        ("SELECT 1; SELECT\n2 ; SE", ["SELECT 1", "SELECT\n2"], " SE"),
        ("SELECT ';', \"a;b\" -- c;\n;", ["SELECT ';', \"a;b\" -- c;"], ""),
        ("SELECT /* ; */ 1;", ["SELECT /* ; */ 1"], ""),
        ("SELECT 'it''s;", [], "SELECT 'it''s;"),
        ("SELECT 1; SELECT /* a;", ["SELECT 1"], " SELECT /* a;"),
        ("SELECT 4 / 2;", ["SELECT 4 / 2"], ""),
        (";", [""], ""),
    ],
)
def test_statements_end_at_semicolons_outside_quotes_and_comments(sql: str, statements: list[str], rest: str) -> None:
    assert split_statements(sql) == (statements, rest)
