"""`tickfold query`: SQL over the bars, runs, trades and equity curves, by Athena."""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tickfold.cli.configured_command import ConfiguredCommand
from tickfold.cli.console import note
from tickfold.cli.exit_codes import UsageError
from tickfold.cli.lazy_group import application
from tickfold.cli.rows import AsCsv, AsJson, Value, check_formats, write_rows
from tickfold.cli.statement_file import read_statement
from tickfold.cli.target import StackOutputs, find_target
from tickfold.errors import RunError
from tickfold.storage.sql import EmptyStatementError, StatementError, check_statement

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_athena.type_defs import QueryExecutionTypeDef

_FIRST_POLL_SECONDS, _LONGEST_POLL_SECONDS = 0.1, 2.0
_MOST_AT_ONCE = 50
"""Named queries that Athena returns in one call."""
_WORD = re.compile(r"[A-Za-z_^][\w.^=/-]*")
_COMMENTED = re.compile(r"--(?![\w-]+=)[^\n]*\s")
_CONSTANTS = ("null", "true", "false", "current_date", "current_timestamp", "localtimestamp")
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
_NUMBERS: dict[str, Callable[[str], Value]] = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "int", "bigint"), int),
    **dict.fromkeys(("float", "real", "double"), float),
    "boolean": lambda text: text.lower() == "true",
}


class QueryCommand(ConfiguredCommand):
    """Takes an SQL statement that begins with a comment, `-- …`, for the statement and not for an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments, such statements last and after a `--`."""
        statements = [each for each in args if _COMMENTED.match(each)]
        others = [each for each in args if each not in statements]
        return super().parse_args(ctx, [*others, *(["--"] if statements else []), *statements])


class QueryError(RunError):
    """The query failed in Athena."""


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
    SHOW TABLES and DESCRIBE bars tell what there is.

    Example: tickfold query "SELECT run_id, total_return, sharpe FROM runs ORDER BY sharpe DESC"
    """
    check_formats(as_csv, as_json)
    if [sql, saved, file].count(None) != 2:
        raise UsageError("give either an SQL statement, or --file FILE, or --saved NAME")
    if file is not None or sql == "-":
        sql = read_statement(file or "-")
    if sql is not None:
        _check(sql)
    parameters = [_parameter(value) for value in param or []]
    target = find_target(stack_outputs)
    workgroup, database = target.output("athena_workgroup"), target.output("athena_database")
    athena = target.athena()
    asked = _saved_query(athena, workgroup, saved) if sql is None else sql
    started = _start(athena, asked, parameters, workgroup, database)
    try:
        execution = _wait(athena, started)
        columns, rows = _results(athena, execution)
        write_rows(columns, rows, as_csv, as_json)
    except KeyboardInterrupt:
        athena.stop_query_execution(QueryExecutionId=started)
        note("query stopped")
        raise
    note(f"{execution.get('Statistics', {}).get('DataScannedInBytes', 0):,} bytes scanned")


app = application(query, QueryCommand)


def _check(sql: str) -> None:
    """Refuse what is no statement that reads, before anything is sent.

    Raises:
        UsageError: there is no statement in `sql`.
        QueryError: there are several, or it would define or change something.
    """
    try:
        check_statement(sql)
    except EmptyStatementError as error:
        raise UsageError(str(error)) from None
    except StatementError as error:
        raise QueryError(f"query refused: {error}") from None


def _start(athena: "AthenaClient", sql: str, parameters: list[str], workgroup: str, database: str) -> str:
    """Start the query, and return the id of its execution.

    Raises:
        QueryError: Athena does not accept the statement.
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415 - slow to load

    given: Any = {"ExecutionParameters": parameters} if parameters else {}
    try:
        return athena.start_query_execution(
            QueryString=sql, WorkGroup=workgroup, QueryExecutionContext={"Database": database}, **given
        )["QueryExecutionId"]
    except ClientError as error:
        said = error.response.get("Error", {})
        if said.get("Code") != "InvalidRequestException":
            raise
        raise QueryError(f"query refused: {' '.join(said.get('Message', '').split())}") from None


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


def _saved_query(athena: "AthenaClient", workgroup: str, name: str | None) -> str:
    """Return the statement that the work group has saved as `name`, in which dashes stand for spaces.

    Raises:
        QueryError: there is none.
    """
    pages = athena.get_paginator("list_named_queries").paginate(WorkGroup=workgroup)
    ids = [query_id for page in pages for query_id in page["NamedQueryIds"]]
    saved: dict[str, str] = {}
    for first in range(0, len(ids), _MOST_AT_ONCE):
        found = athena.batch_get_named_query(NamedQueryIds=ids[first : first + _MOST_AT_ONCE])["NamedQueries"]
        saved |= {_dashed(query["Name"]): query["QueryString"] for query in found}
    if name is None or _dashed(name) not in saved:
        from tickfold.protocol.spelling import suggestion  # noqa: PLC0415 - loads the protocol

        guess = suggestion(_dashed(name or ""), saved)
        raise QueryError(f"no saved query {name!r}{guess}; saved are: {', '.join(sorted(saved)) or 'none'}")
    return saved[_dashed(name)]


def _dashed(name: str) -> str:
    return "-".join(name.split())


def _wait(athena: "AthenaClient", execution_id: str) -> "QueryExecutionTypeDef":
    """Wait for the query to succeed, and return its execution.

    Raises:
        QueryError: it failed or was cancelled.
    """
    from tenacity import Retrying, retry_if_result, wait_random_exponential  # noqa: PLC0415 - slow to load

    poll = Retrying(
        retry=retry_if_result(lambda execution: execution["Status"]["State"] not in _ENDED),
        wait=wait_random_exponential(multiplier=_FIRST_POLL_SECONDS, max=_LONGEST_POLL_SECONDS),
    )
    execution = poll(lambda: athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"])
    status = execution["Status"]
    if status["State"] != "SUCCEEDED":
        reason = " ".join(status.get("StateChangeReason", "").split())
        raise QueryError(f"query {status['State'].lower()}: {reason or 'no reason given'}")
    return execution


def _results(athena: "AthenaClient", execution: "QueryExecutionTypeDef") -> tuple[list[str], Iterator[list[Value]]]:
    pages: Iterator[Any] = iter(
        athena.get_paginator("get_query_results").paginate(QueryExecutionId=execution["QueryExecutionId"])
    )
    first = next(pages)
    described = first["ResultSet"]["ResultSetMetadata"].get("ColumnInfo", [])
    names = [column["Name"] for column in described]
    readers = [_NUMBERS.get(column["Type"], str) for column in described]

    def rows() -> Iterator[list[Value]]:
        # Only a SELECT repeats its columns' names as a first row.
        skipped = 1 if execution.get("StatementType", "DML") == "DML" else 0
        for page in (first, *pages):
            for row in page["ResultSet"]["Rows"][skipped:]:
                cells = _parted(row["Data"], len(names))
                yield [_value(read, cell) for read, cell in zip(readers, cells, strict=True)]
            skipped = 0

    return names, rows()


def _parted(cells: list[dict[str, str]], columns: int) -> list[dict[str, str]]:
    """Return the cells of a row. DESCRIBE of Hive has all of them in one, padded and parted by tabs."""
    if len(cells) == columns:
        return cells
    texts = cells[0].get("VarCharValue", "").split("\t")
    return [{"VarCharValue": text.strip()} for text in (texts + [""] * columns)[:columns]]


def _value(read: Callable[[str], Value], cell: dict[str, str]) -> Value:
    text = cell.get("VarCharValue")
    return None if text is None else read(text)
