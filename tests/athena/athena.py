"""Asks Athena by boto3, as any program does."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.trino.engine import Column

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
_POLL_SECONDS = 0.02


class AthenaError(Exception):
    """The query failed. The message is Athena's reason."""


@dataclass(frozen=True)
class Result:
    """The columns and rows of a query; None is null."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | None]]


@dataclass(frozen=True)
class Athena:
    """A workgroup and a database."""

    client: "AthenaClient"
    workgroup: str
    database: str

    def ask(self, sql: str, parameters: Sequence[str] = ()) -> Result:
        """Execute one statement.

        Raises:
            AthenaError: it is refused or fails.
        """
        given: dict[str, Any] = {"ExecutionParameters": list(parameters)} if parameters else {}
        try:
            started = self.client.start_query_execution(
                QueryString=sql, WorkGroup=self.workgroup, QueryExecutionContext={"Database": self.database}, **given
            )["QueryExecutionId"]
        except self.client.exceptions.InvalidRequestException as error:
            raise AthenaError(str(error)) from error
        while True:
            execution = self.client.get_query_execution(QueryExecutionId=started)["QueryExecution"]
            if execution["Status"]["State"] in _ENDED:
                break
            time.sleep(_POLL_SECONDS)
        if execution["Status"]["State"] != "SUCCEEDED":
            raise AthenaError(execution["Status"].get("StateChangeReason", "no reason given"))
        return self._result(started, has_header=execution.get("StatementType", "DML") == "DML")

    def _result(self, execution_id: str, *, has_header: bool) -> Result:
        pages = list(self.client.get_paginator("get_query_results").paginate(QueryExecutionId=execution_id))
        described = pages[0]["ResultSet"]["ResultSetMetadata"].get("ColumnInfo", [])
        rows = list(_rows(pages))
        columns = [Column(column["Name"], column["Type"]) for column in described]
        return Result(columns, rows[1:] if has_header else rows)


def _rows(pages: Sequence[Any]) -> Iterator[list[str | None]]:
    for page in pages:
        for row in page["ResultSet"]["Rows"]:
            yield [cell.get("VarCharValue") for cell in row["Data"]]
