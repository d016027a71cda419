"""`tickfold query`: SQL over the bars, runs, trades and equity curves, by Athena."""

import re
import sys
from typing import Annotated, Any

import typer

from tickfold.cli.athena_query import AthenaQueries, check
from tickfold.cli.configured_command import ConfiguredCommand
from tickfold.cli.exit_codes import UsageError
from tickfold.cli.lazy_group import application
from tickfold.cli.rows import AsCsv, AsJson, check_formats
from tickfold.cli.statement_file import read_statement
from tickfold.cli.target import StackOutputs, find_target

_WORD = re.compile(r"[A-Za-z_^][\w.^=/-]*")
_COMMENTED = re.compile(r"--(?![\w-]+=)[^\n]*\s")
_CONSTANTS = ("null", "true", "false", "current_date", "current_timestamp", "localtimestamp")


class QueryCommand(ConfiguredCommand):
    """Takes an SQL statement that begins with a comment, `-- …`, for the statement and not for an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments, such statements last and after a `--`."""
        statements = [each for each in args if _COMMENTED.match(each)]
        others = [each for each in args if each not in statements]
        return super().parse_args(ctx, [*others, *(["--"] if statements else []), *statements])


def query(
    sql: Annotated[
        str | None,
        typer.Argument(
            metavar="SQL",
            help="One statement in Athena's SQL: SELECT, WITH, SHOW, DESCRIBE or EXPLAIN; - reads standard input.",
            show_default=False,
        ),
    ] = None,
    *,
    param: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VALUE",
            help="The value of the next ? in the statement, as SQL spells it: 5, \"'GOOG'\", \"DATE '2024-01-31'\"; "
            "may be repeated.",
            show_default=False,
        ),
    ] = None,
    saved: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Run the saved query of this name instead of SQL.", show_default=False),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--file",
            "-f",
            metavar="FILE",
            help="Read the statement from a file; - is standard input.",
            show_default=False,
        ),
    ] = None,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """Query in SQL. Tables: bars, runs, trades, equity, runs_by_symbol, equity_by_symbol, sweeps, walk_forward.

    Name the symbol and the timeframe of bars, and the run_id of all others but runs, by = or IN in WHERE.
    SHOW TABLES and DESCRIBE bars tell what there is. On a terminal and without a statement it asks for statements.

    Example: tickfold query "SELECT run_id, total_return, sharpe FROM runs ORDER BY sharpe DESC"
    """
    check_formats(as_csv, as_json)
    given = 3 - [sql, saved, file].count(None)
    if given > 1 or (not given and (param or not _is_conversation())):
        raise UsageError("give either an SQL statement, or --file FILE, or --saved NAME")
    if file is not None or sql == "-":
        sql = read_statement(file or "-")
    if sql is not None:
        check(sql)
    parameters = [_parameter(value) for value in param or []]
    queries = AthenaQueries.of(find_target(stack_outputs), as_csv=as_csv, as_json=as_json)
    if sql is not None:
        queries.write(sql, parameters)
    elif saved is not None:
        queries.write(queries.saved(saved), parameters)
    else:
        from tickfold.cli.query_shell import read_and_write  # noqa: PLC0415 - loads readline

        read_and_write(queries)


app = application(query, QueryCommand)


def _is_conversation() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _parameter(value: str) -> str:
    """Return a value of `--param`.

    Raises:
        UsageError: it is empty, or a text without quotes, which Athena would take for a column.
    """
    if not value.strip():
        raise UsageError("--param is empty: give a value as SQL spells it, such as 5 or \"'GOOG'\"")
    if _WORD.fullmatch(value) and value.lower() not in _CONSTANTS:
        raise UsageError(f"--param {value} is no value in SQL: put text between quotes, --param \"'{value}'\"")
    return value
