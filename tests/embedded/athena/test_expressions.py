"""Expressions of Trino's SQL, which DuckDB computes, have the values that Athena gives."""

from pathlib import Path

import pytest

from tests.embedded.athena.lake import rows, value

TABLE = Path(__file__).with_name("expressions.txt")


def expressions() -> list[tuple[str, str]]:
    """Return the expressions of the table, and their values."""
    lines = (line for line in TABLE.read_text().splitlines() if " ==> " in line and not line.startswith("#"))
    return [(expression, expected) for expression, _, expected in (line.partition(" ==> ") for line in lines)]


@pytest.mark.parametrize(("expression", "expected"), expressions())
def test_expression_has_athenas_value(expression: str, expected: str) -> None:
    assert value(expression) == (None if expected == "NULL" else expected)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT x FROM (VALUES 2, NULL, 1) t(x) ORDER BY x", [["1"], ["2"], [None]]),
        ("SELECT x FROM (VALUES 2, NULL, 1) t(x) ORDER BY x DESC", [["2"], ["1"], [None]]),
        ("SELECT x, n FROM UNNEST(ARRAY['a','b']) WITH ORDINALITY AS t(x, n)", [["a", "1"], ["b", "2"]]),
        ("SELECT x, y FROM UNNEST(ARRAY[1,2], ARRAY['a']) AS t(x, y)", [["1", "a"], ["2", None]]),
        ("SELECT a, x FROM (VALUES 1) t(a) CROSS JOIN UNNEST(ARRAY[5,6]) AS u(x)", [["1", "5"], ["1", "6"]]),
        (
            "SELECT a, sum(b) FROM (VALUES (1,1),(2,2)) t(a,b) GROUP BY ROLLUP(a) ORDER BY 1",
            [["1", "1"], ["2", "2"], [None, "3"]],
        ),
        (
            "SELECT row_number() OVER (ORDER BY x), lag(x) OVER (ORDER BY x) FROM (VALUES 1, 2) t(x) ORDER BY 1",
            [["1", None], ["2", "1"]],
        ),
        (
            "WITH RECURSIVE t(n) AS (VALUES 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT n FROM t ORDER BY n",
            [["1"], ["2"], ["3"]],
        ),
        ("VALUES (1, 'a'), (2, 'b')", [["1", "a"], ["2", "b"]]),
        ("SELECT 1 EXCEPT SELECT 1", []),
    ],
)
def test_query_has_athenas_rows(sql: str, expected: list[list[str | None]]) -> None:
    assert rows(sql) == expected
