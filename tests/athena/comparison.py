"""Compares the answers of Trino and of Athena on the embedded stack, value by value."""

import math
import re
from collections.abc import Sequence

from tests.athena.athena import Athena, Result
from tests.athena.statements import Statement
from tools.trino.engine import Answer, Trino

_SUMS = re.compile(r"\b(sum|avg|stddev\w*|var\w*|corr|covar\w*|regr_\w+)\s*\(", re.IGNORECASE)
_ROUNDING = 1e-12
"""Relative: sums depend on the order of their terms, which is each engine's own. All other numbers must be equal."""
_FLOATING = ("double", "real", "float")


def assert_same(trino: Trino, athena: Athena, statement: Statement) -> Answer:
    """Ask both, and fail if the columns, their types or a value differ; return Trino's answer."""
    expected = trino.ask(statement.sql, statement.parameters)
    given = athena.ask(statement.sql, statement.parameters)
    assert [(column.name, _plain(column.type)) for column in given.columns] == [
        (column.name, _plain(column.type)) for column in expected.columns
    ]
    assert len(given.rows) == len(expected.rows)
    rounding = _ROUNDING if _SUMS.search(statement.sql) else 0.0
    types = [_plain(column.type) for column in expected.columns]
    ordered = _is_ordered(statement.sql)
    for row, wanted in zip(_sorted(given, ordered), _sorted(expected, ordered), strict=True):
        assert _same_row(row, wanted, types, rounding), f"{row}; Trino has {wanted}"
    return expected


def _is_ordered(sql: str) -> bool:
    """Return whether the rows have an order: an ORDER BY that is in no parentheses."""
    while sql != (outer := re.sub(r"\([^()]*\)", "", sql)):
        sql = outer
    return re.search(r"\bORDER BY\b", sql, re.IGNORECASE) is not None


def _plain(kind: str) -> str:
    """Return a type as Athena's column metadata names it: without its parameters."""
    plain = re.sub(r"\(.*\)", "", kind)
    return {"real": "float"}.get(plain, plain)


def _sorted(result: Result | Answer, ordered: bool) -> Sequence[Sequence[str | None]]:
    return result.rows if ordered else sorted(result.rows, key=repr)


def _same_row(row: Sequence[str | None], wanted: Sequence[str | None], types: Sequence[str], rounding: float) -> bool:
    return all(_same(given, other, kind, rounding) for given, other, kind in zip(row, wanted, types, strict=True))


def _same(given: str | None, wanted: str | None, kind: str, rounding: float) -> bool:
    if given is None or wanted is None or kind not in _FLOATING:
        return given == wanted
    value, other = float(given), float(wanted)
    return value == other or (math.isnan(value) and math.isnan(other)) or math.isclose(value, other, rel_tol=rounding)
