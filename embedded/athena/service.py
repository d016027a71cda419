"""Athena's API for queries: starting, following, reading and stopping them."""

import asyncio
import csv
import io
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from embedded.athena.catalog import Catalog
from embedded.athena.engine import Answer, Engine
from embedded.athena.errors import BytesLimitError, MalformedStatementError, QueryFailedError
from embedded.athena.lake import Scan
from embedded.athena.metadata import show
from embedded.athena.statement import Statement, read_execute, read_statement, with_parameters
from tickfold.storage.sql import READS_ONLY

Json = dict[str, Any]

_MOST_ROWS: Final = 1_000
_ENDED: Final = ("SUCCEEDED", "FAILED", "CANCELLED")
_ENGINE: Final = {
    "SelectedEngineVersion": "Athena engine version 3",
    "EffectiveEngineVersion": "Athena engine version 3",
}


class Stores(Protocol):
    """What queries read and write."""

    def catalog(self) -> Catalog: ...

    def objects(self, location: str) -> Iterator[tuple[str, bytes]]: ...

    def put(self, uri: str, body: bytes, kind: str) -> str: ...

    def work_group(self, name: str) -> Json | None: ...

    def prepared(self, name: str, work_group: str) -> str | None: ...


class RequestError(Exception):
    """A request that Athena answers with an InvalidRequestException."""


@dataclass
class Execution:
    """One query: what was asked, how far it is, and the answer."""

    execution_id: str
    sql: str
    statement: Statement
    parameters: list[str]
    database: str
    work_group: str
    output: str
    most_bytes: int | None
    submitted: float = field(default_factory=time.time)
    state: str = "QUEUED"
    reason: str = ""
    ended: float | None = None
    answer: Answer | None = None
    scan: Scan | None = None
    engine: Engine | None = None

    def end(self, state: str, reason: str = "") -> None:
        """Change to a final state, unless it has one."""
        if self.state not in _ENDED:
            self.state, self.reason, self.ended = state, reason, time.time()

    def described(self) -> Json:
        """Return the QueryExecution of Athena's API."""
        milliseconds = int(((self.ended or time.time()) - self.submitted) * 1_000)
        status = {"State": self.state, "SubmissionDateTime": self.submitted}
        if self.reason:
            status["StateChangeReason"] = self.reason
        if self.ended is not None:
            status["CompletionDateTime"] = self.ended
        if self.state == "FAILED":
            status["AthenaError"] = {"ErrorCategory": 2, "ErrorType": 1006, "ErrorMessage": self.reason}
        described = {
            "QueryExecutionId": self.execution_id,
            "Query": self.sql,
            "StatementType": self.statement.kind,
            "ResultConfiguration": {"OutputLocation": self.output},
            "QueryExecutionContext": {"Database": self.database, "Catalog": "awsdatacatalog"},
            "Status": status,
            "Statistics": {
                "EngineExecutionTimeInMillis": milliseconds,
                "DataScannedInBytes": self.scan.scanned if self.scan else 0,
                "TotalExecutionTimeInMillis": milliseconds,
                "QueryQueueTimeInMillis": 0,
                "QueryPlanningTimeInMillis": 0,
                "ServiceProcessingTimeInMillis": 0,
            },
            "WorkGroup": self.work_group,
            "EngineVersion": _ENGINE,
        }
        return described | ({"ExecutionParameters": self.parameters} if self.parameters else {})


class Service:
    """Athena's operations on queries, over `stores`."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._executions: dict[str, Execution] = {}
        self._by_token: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.operations: dict[str, Callable[[Json], Json]] = {
            "StartQueryExecution": self._start,
            "GetQueryExecution": lambda asked: {"QueryExecution": self._find(asked).described()},
            "BatchGetQueryExecution": self._batch,
            "ListQueryExecutions": self._list,
            "GetQueryResults": self._results,
            "StopQueryExecution": self._stop,
        }

    def answer(self, operation: str, asked: Json) -> tuple[int, Json]:
        """Return the HTTP status and the document that answer a request."""
        try:
            return 200, self.operations[operation](asked)
        except (RequestError, MalformedStatementError) as error:
            code = "MALFORMED_QUERY" if isinstance(error, MalformedStatementError) else "INVALID_INPUT"
            return 400, {"__type": "InvalidRequestException", "message": str(error), "AthenaErrorCode": code}

    # --- operations --------------------------------------------------------------------------------------------------

    def _start(self, asked: Json) -> Json:
        sql, token = asked.get("QueryString", ""), asked.get("ClientRequestToken", "")
        if token in self._by_token:
            return {"QueryExecutionId": self._by_token[token]}
        work_group = asked.get("WorkGroup", "primary")
        configuration = self._stores.work_group(work_group)
        if configuration is None:
            raise RequestError(f"WorkGroup {work_group} is not found.")
        statement = read_statement(sql)
        execution_id = str(uuid.uuid4())
        execution = Execution(
            execution_id,
            sql,
            statement,
            list(asked.get("ExecutionParameters") or []),
            asked.get("QueryExecutionContext", {}).get("Database", "default").lower(),
            work_group,
            f"{_output(asked, configuration)}{execution_id}.{'csv' if statement.kind == 'DML' else 'txt'}",
            configuration.get("BytesScannedCutoffPerQuery"),
        )
        self._executions[execution_id] = execution
        if token:
            self._by_token[token] = execution_id
        task = asyncio.get_running_loop().create_task(self._execute(execution))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return {"QueryExecutionId": execution_id}

    def _batch(self, asked: Json) -> Json:
        ids = asked.get("QueryExecutionIds", [])
        missing = [{"QueryExecutionId": each, "ErrorCode": "NOT_FOUND"} for each in ids if each not in self._executions]
        found = [self._executions[each].described() for each in ids if each in self._executions]
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}

    def _list(self, asked: Json) -> Json:
        work_group = asked.get("WorkGroup", "primary")
        newest_first = [each.execution_id for each in self._executions.values() if each.work_group == work_group][::-1]
        return _page("QueryExecutionIds", newest_first, asked, 50)

    def _results(self, asked: Json) -> Json:
        execution = self._find(asked)
        if execution.state != "SUCCEEDED" or execution.answer is None:
            reason = f": {execution.reason}" if execution.reason else ""
            raise RequestError(f"Query is in state {execution.state}{reason}")
        answer = execution.answer
        rows: list[list[str | None]] = [*answer.rows]
        if execution.statement.kind == "DML":
            rows.insert(0, [*answer.names])
        page = _page("Rows", rows, asked, _MOST_ROWS)
        cells = [{"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in page.pop("Rows")]
        columns = zip(answer.names, answer.types, answer.sizes, strict=True)
        described = [
            {
                "CatalogName": "hive",
                "SchemaName": "",
                "TableName": "",
                "Name": name,
                "Label": name,
                "Type": kind,
                "Precision": precision,
                "Scale": scale,
                "Nullable": "UNKNOWN",
                "CaseSensitive": kind in ("varchar", "char"),
            }
            for name, kind, (precision, scale) in columns
        ]
        result = {"Rows": cells, "ResultSetMetadata": {"ColumnInfo": described}}
        return {"ResultSet": result, "UpdateCount": 0} | page

    def _stop(self, asked: Json) -> Json:
        execution = self._find(asked)
        execution.end("CANCELLED", "Query was cancelled by user")
        if execution.engine is not None:
            execution.engine.interrupt()
        return {}

    def _find(self, asked: Json) -> Execution:
        execution_id = asked.get("QueryExecutionId", "")
        if execution_id not in self._executions:
            raise RequestError(f"QueryExecution {execution_id} was not found")
        return self._executions[execution_id]

    # --- execution ---------------------------------------------------------------------------------------------------

    async def _execute(self, execution: Execution) -> None:
        if execution.state == "QUEUED":
            execution.state = "RUNNING"
            await asyncio.to_thread(self._carry_out, execution)

    def _carry_out(self, execution: Execution) -> None:
        try:
            answer = self._answer(execution)
            why = self._stores.put(execution.output, _csv(answer), "text/csv")
        except (QueryFailedError, MalformedStatementError) as error:
            execution.end("FAILED", str(error))
        except BytesLimitError as error:
            execution.end("CANCELLED", str(error))
        except Exception as error:
            execution.end("FAILED", f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}")
        else:
            execution.answer = answer
            execution.end("FAILED" if why else "SUCCEEDED", why)

    def _answer(self, execution: Execution) -> Answer:
        statement, parameters = execution.statement, execution.parameters
        if not statement.is_granted:
            reason = f"Insufficient permissions to execute the query: {READS_ONLY.format(statement.keyword)}"
            raise QueryFailedError("PERMISSION_DENIED", reason)
        if statement.keyword == "EXECUTE":
            name, parameters = read_execute(statement.sql)
            prepared = self._stores.prepared(name, execution.work_group)
            if prepared is None:
                raise QueryFailedError("NOT_FOUND", f"Prepared statement not found: {name}")
            statement = read_statement(prepared)
        catalog = self._stores.catalog()
        if statement.keyword in ("SHOW", "DESCRIBE", "DESC"):
            listing = show(statement.sql, catalog, execution.database)
            sizes = [(0, 0)] * len(listing.names)
            return Answer(listing.names, ["string"] * len(listing.names), sizes, [[*row] for row in listing.rows])
        execution.scan = Scan(self._stores.objects, execution.most_bytes)
        execution.engine = Engine(catalog, execution.database, execution.scan)
        explained = statement.explained
        sql = with_parameters(statement.sql if explained is None else explained, parameters)
        return execution.engine.answer(sql, explain=explained is not None)


def _output(asked: Json, configuration: Json) -> str:
    """Return where results go: the place that the work group enforces, or that is asked for."""
    own = configuration.get("ResultConfiguration", {}).get("OutputLocation")
    given = asked.get("ResultConfiguration", {}).get("OutputLocation")
    location = own if own and configuration.get("EnforceWorkGroupConfiguration", True) else given or own
    if not location:
        raise RequestError(
            "No output location provided. An output location is required either through the Workgroup result "
            "configuration setting or as an API input."
        )
    return str(location) if str(location).endswith("/") else f"{location}/"


def _page(name: str, items: list[Any], asked: Json, most: int) -> Json:
    try:
        first = int(asked.get("NextToken") or 0)
    except ValueError:
        raise RequestError("the NextToken is invalid") from None
    after = first + min(asked.get("MaxResults") or most, most)
    return {name: items[first:after]} | ({"NextToken": str(after)} if after < len(items) else {})


def _csv(answer: Answer) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(answer.names)
    for row in answer.rows:
        text.write(",".join("" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in row) + "\n")
    return text.getvalue().encode()
