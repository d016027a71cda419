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

NOT_GRANTED: Final = (
    "Insufficient permissions to execute the query: only SELECT, WITH, SHOW, DESCRIBE and EXPLAIN are granted here"
)
ONLY_ONE: Final = "Only one sql statement is allowed. Got: {}"

_TOKEN: Final = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)
      | (?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`)
      | (?P<word>\w+)
      | (?P<sign>[^\s\w])""",
    re.X | re.S,
)


class StatementError(RunError):
    """What was given is no statement that may be carried out; nothing was sent."""


def check_statement(sql: str) -> None:
    """Check that `sql` is one statement, and one that only reads.

    Everything else about it is for Athena to say.

    Raises:
        StatementError: it is empty, only comments, several statements, or one that defines or changes something.
    """
    tokens = list(_tokens(sql))
    while tokens and tokens[-1] == ";":
        tokens.pop()
    if not tokens:
        given = "only comments" if sql.strip(" \t\r\n;") else "empty"
        raise StatementError(f"the SQL statement is {given}: give one SELECT, WITH, SHOW, DESCRIBE or EXPLAIN")
    if ";" in tokens:
        raise StatementError(ONLY_ONE.format(" ".join(sql.split())))
    # Athena names the place of a word that begins no statement of its SQL, so such a word is left to it.
    if tokens[0].upper() in (*CHANGES, *DEFINITIONS):
        raise StatementError(NOT_GRANTED)


def _tokens(sql: str) -> Iterator[str]:
    """Yield the words, signs and quoted texts of `sql`, without its comments."""
    return (found[0] for found in _TOKEN.finditer(sql) if found.lastgroup != "comment")
