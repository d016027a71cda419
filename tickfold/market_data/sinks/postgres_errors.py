"""What an error of psycopg means: the row is refused, the database is set up differently, or it cannot be reached.

A driver's message about a connection can hold parts of its connection string: of `postgresql://me:p@ss@host/db` it
names the host `ss@host`. So no such message is passed on; known ones are told in words of ours.
"""

import re

import psycopg
from psycopg import errors

from tickfold.errors import TickfoldError
from tickfold.market_data.sinks.errors import SinkMisconfiguredError, SinkUnavailableError

_REFUSED = (psycopg.DataError, psycopg.IntegrityError, errors.RaiseException)
"""Of one row: a value that a type, a constraint or a trigger does not take."""
_UNUSUAL_TABLE = (
    *(errors.UndefinedColumn, errors.DatatypeMismatch, errors.InvalidColumnReference, errors.WrongObjectType),
    *(errors.GeneratedAlways, errors.NotNullViolation, errors.CannotCoerce),
)
"""Of all rows: the table is not the one that is written to."""

_ENCODE = "write its special characters percent-encoded, such as %40 for @"
_CONNECTING = (
    (
        r"password authentication|SASL authentication|no pg_hba.conf entry|[Tt]enant or user|[Ww]rong password",
        f"refuses the user or the password: check them in the secret, and {_ENCODE}",
    ),
    (
        r"(database|role|user) .* does not exist|no such (database|user)",
        "has no such database or user: check their names in the secret",
    ),
    (
        r"resolve|translate host name",
        f"has a host name that is not known: check the connection string in the secret, and {_ENCODE}",
    ),
    (r"SSL|certificate", "and the connection string do not agree on SSL: check its sslmode"),
)
_UNREACHABLE = (
    (r"timeout|timed out", "does not answer"),
    (r"refused", "refuses connections"),
    (r"", "cannot be reached"),
)


def is_refusal(error: psycopg.Error) -> bool:
    """Return whether `error` is about the values of a row, so that others may still be written."""
    return isinstance(error, _REFUSED) and not isinstance(error, _UNUSUAL_TABLE)


def reason_of(error: psycopg.Error) -> str:
    """Return in words why the server refused a row, without the row's values."""
    return f"{error.diag.message_primary} (SQLSTATE {error.sqlstate})"


def statement_error(error: psycopg.Error) -> TickfoldError:
    """Return the error that means what `error`, of a statement, does."""
    if isinstance(error, _UNUSUAL_TABLE):
        table = error.diag.table_name or "equity_data or indicators"
        return SinkMisconfiguredError(
            f"the table {table} of the PostgreSQL database is not one that bars can be written to: {reason_of(error)}; "
            "see docs/how-to/send-bars-to-postgresql.md for its columns, or rename it, and it will be created"
        )
    if isinstance(error, errors.InsufficientPrivilege):
        return SinkMisconfiguredError(
            f"the PostgreSQL user lacks a right: {reason_of(error)}; grant it INSERT, SELECT, UPDATE"
        )
    if error.sqlstate is None:
        return SinkUnavailableError("the connection to PostgreSQL broke")
    if isinstance(error, psycopg.ProgrammingError | psycopg.NotSupportedError):
        return SinkMisconfiguredError(f"PostgreSQL does not know a statement of Tickfold: {reason_of(error)}")
    return SinkUnavailableError(f"PostgreSQL did not carry out a statement: {reason_of(error)}")


def connection_error(error: psycopg.Error) -> TickfoldError:
    """Return the error that means what `error`, of connecting, does."""
    if not isinstance(error, psycopg.OperationalError):
        return SinkMisconfiguredError(
            "the connection string of PostgreSQL in the secret cannot be read: expected "
            f"postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=require; {_ENCODE}"
        )
    said = str(error)
    for pattern, meaning in _CONNECTING:
        if re.search(pattern, said):
            return SinkMisconfiguredError(f"PostgreSQL {meaning}")
    what = next(meaning for pattern, meaning in _UNREACHABLE if re.search(pattern, said))
    return SinkUnavailableError(f"PostgreSQL {what}")
