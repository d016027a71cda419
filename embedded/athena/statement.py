"""Statements: what one asks for, and whether Athena would accept it at all."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from embedded.athena.errors import MalformedStatementError, QueryFailedError
from tickfold.storage.sql import CHANGES, DEFINITIONS, ONLY_ONE, QUERIES, UTILITIES

Kind = Literal["DML", "DDL", "UTILITY"]

_EXPECTED: Final = (
    "Expecting: 'ALTER', 'CREATE', 'DELETE', 'DESCRIBE', 'DROP', 'EXECUTE', 'EXPLAIN', 'INSERT', 'MERGE', 'SELECT', "
    "'SHOW', 'UPDATE', 'VALUES', 'WITH'"
)
_FOREIGN: Final = {TokenType.DCOLON, TokenType.ILIKE, TokenType.QUALIFY, TokenType.HASH}
"""Tokens that sqlglot reads in every dialect, and Trino does not have."""


@dataclass(frozen=True)
class Statement:
    """One statement, without a semicolon at its end."""

    sql: str
    kind: Kind
    keyword: str
    """Its first word, in capitals."""

    @property
    def explained(self) -> str | None:
        """The query that EXPLAIN is about; None of any other statement."""
        if self.keyword != "EXPLAIN":
            return None
        return re.sub(r"\A\s*EXPLAIN(?:\s+ANALYZE)?(?:\s+VERBOSE)?(?:\s*\([^)]*\)(?=\s*\w))?", "", self.sql, flags=re.I)

    @property
    def is_granted(self) -> bool:
        """Whether whoever analyses data may carry it out: it reads, and defines and changes nothing."""
        return self.keyword in (*QUERIES, *UTILITIES)


def read_statement(sql: str) -> Statement:
    """Return the statement that `sql` holds.

    Raises:
        MalformedStatementError: it holds none, several, or what is no statement of Trino's SQL.
    """
    tokens = _tokens(sql)
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise MalformedStatementError(f"line 1:1: mismatched input '<EOF>'. {_EXPECTED}")
    if any(token.token_type is TokenType.SEMICOLON for token in tokens):
        raise MalformedStatementError(ONLY_ONE.format(sql.strip()))
    keyword = tokens[0].text.upper()
    if (kind := _kind(keyword)) is None:
        raise _mismatched(sql, tokens[0], f". {_EXPECTED}")
    statement = Statement(sql[: tokens[-1].end + 1], kind, keyword)
    query = statement.sql if keyword in QUERIES else statement.explained
    if query is not None:
        parse_query(query)
    return statement


def _kind(keyword: str) -> Kind | None:
    if keyword in (*QUERIES, *CHANGES):
        return "DML"
    if keyword in DEFINITIONS:
        return "DDL"
    return "UTILITY" if keyword in UTILITIES else None


def parse_query(sql: str) -> exp.Query:
    """Return the tree of a query.

    Raises:
        MalformedStatementError: it is none.
    """
    tokens = _tokens(sql)
    for token in tokens:
        if token.token_type in _FOREIGN or token.text == "==":
            raise _mismatched(sql, token)
    try:
        tree = sqlglot.parse_one(sql, read=Trino)
    except SqlglotError as error:
        raise MalformedStatementError(_told(error)) from None
    if isinstance(tree, exp.Values):
        tree = exp.select("*").from_(tree)
    if not isinstance(tree, exp.Query):
        raise MalformedStatementError("line 1:1: expected a query: SELECT, WITH or VALUES")
    _check_order_of_limits(sql, tokens)
    return tree


def with_parameters(sql: str, parameters: Sequence[str]) -> str:
    """Return `sql` with each `?` replaced by one of `parameters`, which are expressions.

    Raises:
        QueryFailedError: there are more or fewer than `?`, or one is no expression.
    """
    places = [token for token in _tokens(sql) if token.token_type is TokenType.PLACEHOLDER]
    if len(places) != len(parameters):
        reason = f"Incorrect number of parameters: expected {len(places)} but found {len(parameters)}"
        raise QueryFailedError("INVALID_PARAMETER_USAGE", reason, (1, 1))
    for token, parameter in reversed(list(zip(places, parameters, strict=True))):
        sql = sql[: token.start] + _expression(parameter) + sql[token.end + 1 :]
    return sql


def _expression(parameter: str) -> str:
    try:
        tree = sqlglot.parse_one(parameter, read=Trino)
    except SqlglotError as error:
        raise QueryFailedError("INVALID_PARAMETER_USAGE", f"parameter {parameter}: {_told(error)}") from None
    if not isinstance(tree, exp.Condition | exp.Interval) or tree.find(exp.Query):
        raise QueryFailedError("INVALID_PARAMETER_USAGE", f"parameter {parameter} is no value")
    return parameter if isinstance(tree, exp.Literal | exp.Column) else f"({parameter})"


def read_execute(sql: str) -> tuple[str, list[str]]:
    """Return the name and the parameters of `EXECUTE name USING parameter, parameter`.

    Raises:
        MalformedStatementError: it has another form.
    """
    found = re.fullmatch(r"\s*EXECUTE\s+(\w+)(?:\s+USING\s+(.+))?\s*", sql, re.I | re.S)
    if found is None:
        raise MalformedStatementError(
            "line 1:9: expected EXECUTE with a prepared statement, and USING with its parameters"
        )
    try:
        values = sqlglot.parse_one(f"SELECT {found[2]}", read=Trino, into=exp.Select).selects if found[2] else []
    except SqlglotError as error:
        raise MalformedStatementError(_told(error)) from None
    return found[1], [value.sql(dialect="trino") for value in values]


def position(sql: str, offset: int) -> tuple[int, int]:
    """Return the line and the column, both from 1, of a character of `sql`."""
    before = sql[:offset]
    return before.count("\n") + 1, offset - before.rfind("\n")


def _tokens(sql: str) -> list[Token]:
    try:
        return Trino().tokenize(sql)
    except SqlglotError as error:
        raise MalformedStatementError(_told(error)) from None


def _check_order_of_limits(sql: str, tokens: list[Token]) -> None:
    """Refuse OFFSET after LIMIT, which Trino has in the other order."""
    depth, limited = 0, set[int]()
    for token in tokens:
        if token.token_type is TokenType.L_PAREN:
            depth += 1
        elif token.token_type is TokenType.R_PAREN:
            limited.discard(depth)
            depth -= 1
        elif token.token_type is TokenType.LIMIT:
            limited.add(depth)
        elif token.token_type is TokenType.OFFSET and depth in limited:
            raise _mismatched(sql, token)


def _mismatched(sql: str, token: Token, expected: str = "") -> MalformedStatementError:
    line, column = position(sql, token.start)
    return MalformedStatementError(f"line {line}:{column}: mismatched input '{token.text}'{expected}")


def _told(error: SqlglotError) -> str:
    found = getattr(error, "errors", None) or [{}]
    line, column, text = (found[0].get(key) for key in ("line", "col", "highlight"))
    if not line:
        return f"line 1:1: {str(error).splitlines()[0]}"
    return f"line {line}:{max(column - len(text or '') + 1, 1)}: mismatched input '{text}'"
