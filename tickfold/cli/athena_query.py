"""Carries out SQL statements in Athena, and writes their rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tickfold.cli.console import note
from tickfold.cli.ctrl_c import kept_interrupts
from tickfold.cli.exit_codes import UsageError
from tickfold.cli.rows import Value, write_rows
from tickfold.cli.target import Target
from tickfold.errors import RunError
from tickfold.storage.sql import EmptyStatementError, StatementError, check_statement

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_athena.type_defs import QueryExecutionTypeDef

_FIRST_POLL_SECONDS, _LONGEST_POLL_SECONDS = 0.1, 2.0
_MOST_AT_ONCE = 50
"""Named queries that Athena returns in one call."""
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
_NUMBERS: dict[str, Callable[[str], Value]] = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "int", "bigint"), int),
    **dict.fromkeys(("float", "real", "double"), float),
    "boolean": lambda text: text.lower() == "true",
}


class QueryError(RunError):
    """The query failed in Athena."""


@dataclass(frozen=True)
class AthenaQueries:
    """The queries of a stack's work group, and the format in which their rows are written."""

    athena: "AthenaClient"
    workgroup: str
    database: str
    as_csv: bool
    as_json: bool

    @classmethod
    def of(cls, target: Target, *, as_csv: bool, as_json: bool) -> "AthenaQueries":
        """Return those of a stack.

        Raises:
            TargetError: its work group or its database is not known.
        """
        workgroup, database = target.output("athena_workgroup"), target.output("athena_database")
        return cls(target.athena(), workgroup, database, as_csv, as_json)

    def write(self, sql: str, parameters: list[str]) -> None:
        """Carry out a statement, and write its rows. On Ctrl-C it is stopped in Athena too.

        Raises:
            QueryError: Athena does not accept it, or it failed.
            KeyboardInterrupt: Ctrl-C.
        """
        started = self._start(sql, parameters)
        try:
            execution = _wait(self.athena, started)
            columns, rows = _results(self.athena, execution)
            write_rows(columns, rows, self.as_csv, self.as_json)
        except KeyboardInterrupt:
            self.athena.stop_query_execution(QueryExecutionId=started)
            note("query stopped")
            raise
        note(f"{execution.get('Statistics', {}).get('DataScannedInBytes', 0):,} bytes scanned")

    def saved(self, name: str) -> str:
        """Return the statement that the work group has saved as `name`, in which dashes stand for spaces.

        Raises:
            QueryError: there is none.
        """
        pages = self.athena.get_paginator("list_named_queries").paginate(WorkGroup=self.workgroup)
        ids = [query_id for page in pages for query_id in page["NamedQueryIds"]]
        saved: dict[str, str] = {}
        for first in range(0, len(ids), _MOST_AT_ONCE):
            found = self.athena.batch_get_named_query(NamedQueryIds=ids[first : first + _MOST_AT_ONCE])["NamedQueries"]
            saved |= {_dashed(query["Name"]): query["QueryString"] for query in found}
        if _dashed(name) not in saved:
            from tickfold.protocol.spelling import suggestion  # noqa: PLC0415 - loads the protocol

            guess = suggestion(_dashed(name), saved)
            raise QueryError(f"no saved query {name!r}{guess}; saved are: {', '.join(sorted(saved)) or 'none'}")
        return saved[_dashed(name)]

    def _start(self, sql: str, parameters: list[str]) -> str:
        """Start the query, and return the id of its execution.

        Raises:
            QueryError: Athena does not accept the statement.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415 - slow to load

        given: Any = {"ExecutionParameters": parameters} if parameters else {}
        try:
            return self.athena.start_query_execution(
                QueryString=sql, WorkGroup=self.workgroup, QueryExecutionContext={"Database": self.database}, **given
            )["QueryExecutionId"]
        except ClientError as error:
            said = error.response.get("Error", {})
            if said.get("Code") != "InvalidRequestException":
                raise
            raise QueryError(f"query refused: {' '.join(said.get('Message', '').split())}") from None


def check(sql: str) -> None:
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


def _dashed(name: str) -> str:
    return "-".join(name.split())


def _wait(athena: "AthenaClient", execution_id: str) -> "QueryExecutionTypeDef":
    """Wait for the query to succeed, and return its execution.

    Raises:
        QueryError: it failed or was cancelled.
    """
    from tenacity import Retrying, retry_if_result, wait_random_exponential  # noqa: PLC0415 - slow to load

    with kept_interrupts() as sleep:
        poll = Retrying(
            retry=retry_if_result(lambda execution: execution["Status"]["State"] not in _ENDED),
            wait=wait_random_exponential(multiplier=_FIRST_POLL_SECONDS, max=_LONGEST_POLL_SECONDS),
            sleep=sleep,
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
