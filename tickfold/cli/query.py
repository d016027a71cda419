"""`tickfold query`: SQL over the bars, runs, trades and equity curves, by Athena."""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tickfold.cli.console import note
from tickfold.cli.exit_codes import UsageError
from tickfold.cli.rows import AsCsv, AsJson, Value, check_formats, write_rows
from tickfold.cli.target import StackOutputs, find_target
from tickfold.errors import RunError

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_athena.type_defs import QueryExecutionTypeDef

_FIRST_POLL_SECONDS, _LONGEST_POLL_SECONDS = 0.1, 2.0
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
_READING = ("SELECT", "WITH", "VALUES", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXECUTE")
"""How a statement begins that reads, and changes nothing."""
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.S)
_NUMBERS: dict[str, Callable[[str], Value]] = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "int", "bigint"), int),
    **dict.fromkeys(("float", "real", "double"), float),
    "boolean": lambda text: text.lower() == "true",
}


class QueryError(RunError):
    """The query failed in Athena."""


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One statement, in Athena's SQL.", show_default=False)],
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            "--param",
            metavar="VALUE",
            help="The value of the next ? in SQL, as SQL spells it: 5, 'GOOG', DATE '2026-01-31'.",
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
    _check(sql)
    target = find_target(stack_outputs)
    workgroup, database = target.output("athena_workgroup"), target.output("athena_database")
    athena = target.athena()
    started = _start(athena, sql, parameters or [], workgroup, database)
    try:
        execution = _wait(athena, started)
        columns, rows = _results(athena, execution)
        write_rows(columns, rows, as_csv, as_json)
    except KeyboardInterrupt:
        athena.stop_query_execution(QueryExecutionId=started)
        note("query stopped")
        raise
    note(f"{execution.get('Statistics', {}).get('DataScannedInBytes', 0):,} bytes scanned")


def _check(sql: str) -> None:
    """Refuse what is no statement that reads.

    Raises:
        UsageError: there is no statement in `sql`.
        QueryError: it would define or change something.
    """
    words = _COMMENTS.sub(" ", sql).replace("(", " ( ").split()
    while words and words[0] in ("(", ";"):
        del words[0]
    if not words:
        raise UsageError('SQL is empty: expected one statement, such as "SHOW TABLES"')
    if (word := words[0].upper().rstrip(";")) not in _READING:
        raise QueryError(f"query refused: it begins with {word}; a query only reads: {', '.join(_READING)}")


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
