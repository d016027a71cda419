"""SQL statements as far as Tickfold looks at them itself: whether there is one, only one, and whether it only reads."""

import re
from collections.abc import Iterator
from typing import Final

from tickfold.errors import RunError

QUERIES: Final = ("SELECT", "WITH", "VALUES", "TABLE", "(")
"""How a query may begin."""
UTILITIES: Final = ("SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXECUTE")
"""How any other statement may begin that only reads."""
CHANGES: Final = ("INSERT", "DELETE", "UPDATE", "MERGE", "UNLOAD", "OPTIMIZE", "VACUUM")
DEFINITIONS: Final = ("CREATE", "DROP", "ALTER", "MSCK", "TRUNCATE", "GRANT", "REVOKE", "PREPARE", "DEALLOCATE")

READS_ONLY: Final = f"it begins with {{}}; a query only reads: {', '.join((*QUERIES[:-1], *UTILITIES))}"
"""Why a statement is refused that changes or defines something."""
ONLY_ONE: Final = "Only one sql statement is allowed. Got: {}"

_TOKEN: Final = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)
      | (?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`)
      | (?P<word>\w+)
      | (?P<sign>[^\s\w])""",
    re.X | re.S,
)


class StatementError(RunError):
    """What was given is no statement that may be carried out."""


class EmptyStatementError(StatementError):
    """No statement was given."""

    def __init__(self) -> None:
        super().__init__('SQL is empty: expected one statement, such as "SHOW TABLES"')


def check_statement(sql: str) -> None:
    """Check that `sql` is one statement, and one that only reads.

    Everything else about it is for Athena to say.

    Raises:
        EmptyStatementError: it is empty, or only comments.
        StatementError: it is several statements, or one that defines or changes something.
    """
    tokens = list(_tokens(sql))
    while tokens and tokens[-1] == ";":
        tokens.pop()
    if not tokens:
        raise EmptyStatementError
    if ";" in tokens:
        raise StatementError(ONLY_ONE.format(" ".join(sql.split())))
    first = next((text.upper() for text in tokens if text != "("), "(")
    if first not in (*QUERIES, *UTILITIES):
        raise StatementError(READS_ONLY.format(first))


def split_statements(sql: str) -> tuple[list[str], str]:
    """Return the statements of `sql` that a semicolon ends, without it, and the rest, which goes on.

    A semicolon in a comment or between quotes ends nothing, nor does one after a quote that is still open. A rest of
    comments alone is empty.
    """
    statements, start = [], 0
    for found in _TOKEN.finditer(sql):
        if found[0] in ("'", '"', "`") or (sql.startswith("/*", found.start()) and found.lastgroup == "sign"):
            break
        if found[0] == ";":
            statements.append(sql[start : found.start()].strip())
            start = found.end()
    rest = sql[start:]
    return statements, rest if any(_tokens(rest)) else ""


def _tokens(sql: str) -> Iterator[str]:
    """Yield the words, signs and quoted texts of `sql`, without its comments."""
    return (found[0] for found in _TOKEN.finditer(sql) if found.lastgroup != "comment")
