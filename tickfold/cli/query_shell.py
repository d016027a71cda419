"""`tickfold query` as a conversation: statements are typed, each up to its semicolon, and their rows are shown."""

import re

from tickfold.cli.athena_query import AthenaQueries, check
from tickfold.cli.console import note
from tickfold.cli.failure import report
from tickfold.cli.query_history import kept_history
from tickfold.storage.sql import split_statements

_PROMPT, _CONTINUED = "tickfold> ", "     ...> "
_HELP = """end a statement with ;
\\d        list the tables
\\d NAME   list the columns of a table
\\q        leave, as Ctrl-D does
Ctrl-C clears what is typed, and stops a query"""
_COMMAND = re.compile(r"\s*(?:\\(?P<letter>[a-z?]+)|(?P<word>help|exit|quit))\s*(?P<name>\w*)\s*;?\s*")


def read_and_write(queries: AthenaQueries) -> None:
    """Read statements and write their rows, until Ctrl-D. A statement that fails is told, and the next one is read."""
    note("end a statement with ; — \\d lists the tables, \\? helps, Ctrl-D leaves")
    with kept_history():
        typed = ""
        while True:
            try:
                typed += input(_CONTINUED if typed else _PROMPT) + "\n"
                if not typed.partition("\n")[2] and (command := _COMMAND.fullmatch(typed)):
                    typed = ""
                    if not _obey(queries, command):
                        return
                    continue
                statements, typed = split_statements(typed)
                for sql in statements:
                    _carry_out(queries, sql)
            except KeyboardInterrupt:
                typed = ""
                note("")
            except EOFError:
                note("")
                return


def _obey(queries: AthenaQueries, command: re.Match[str]) -> bool:
    """Carry out a command of the conversation; return whether it goes on."""
    match command["letter"] or command["word"]:
        case "q" | "exit" | "quit":
            return False
        case "d" if command["name"]:
            _carry_out(queries, f"DESCRIBE {command['name']}")
        case "d":
            _carry_out(queries, "SHOW TABLES")
        case "?" | "help":
            note(_HELP)
        case other:
            note(f"\\{other} is not a command\n{_HELP}")
    return True


def _carry_out(queries: AthenaQueries, sql: str) -> None:
    try:
        check(sql)
        queries.write(sql, [])
    except BrokenPipeError:
        raise
    except Exception as error:
        report(error)
