"""Athena's operations on queries, without the emulator."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from embedded.athena.service import Service
from tests.embedded.athena.lake import BUCKET, DATABASE, RUN, Lake, filled

Json = dict[str, Any]


@dataclass
class Athena:
    """A service over a lake, and its answers."""

    lake: Lake = field(default_factory=filled)

    def __post_init__(self) -> None:
        self.service = Service(self.lake)

    def ask(self, operation: str, **asked: Any) -> Json:
        status, document = self.service.answer(operation, asked)
        assert status == 200, document
        return document

    def refused(self, operation: str, **asked: Any) -> str:
        status, document = self.service.answer(operation, asked)
        assert (status, document["__type"]) == (400, "InvalidRequestException")
        return str(document["message"])

    def run(self, sql: str, **asked: Any) -> Json:
        """Start a query, wait for its end, and return its execution."""

        async def ended() -> Json:
            started = self.ask("StartQueryExecution", **request(sql), **asked)
            while True:
                execution: Json = self.ask("GetQueryExecution", **started)["QueryExecution"]
                if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                    return execution
                await asyncio.sleep(0.01)

        return asyncio.run(ended())

    def results(self, execution: Json, **asked: Any) -> Json:
        return self.ask("GetQueryResults", QueryExecutionId=execution["QueryExecutionId"], **asked)


def request(sql: str) -> Json:
    return {"QueryString": sql, "WorkGroup": "research", "QueryExecutionContext": {"Database": DATABASE}}


def cells(page: Json) -> list[list[str | None]]:
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]]


@pytest.fixture
def athena() -> Athena:
    return Athena()


def test_select_succeeds_with_header_types_and_bytes(athena: Athena) -> None:
    execution = athena.run(
        "SELECT side, bars, pnl, NULL AS none FROM trades WHERE run_id = ? ORDER BY bars LIMIT 1",
        ExecutionParameters=[f"'{RUN}'"],
    )
    assert execution["Status"]["State"] == "SUCCEEDED"
    assert (execution["StatementType"], execution["WorkGroup"]) == ("DML", "research")
    assert execution["Statistics"]["DataScannedInBytes"] > 0
    page = athena.results(execution)
    assert cells(page) == [["side", "bars", "pnl", "none"], ["long", "2", "-5.0", None]]
    described = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert [(each["Name"], each["Type"]) for each in described[:3]] == [
        ("side", "varchar"),
        ("bars", "integer"),
        ("pnl", "double"),
    ]


def test_answer_is_written_as_csv_to_the_work_groups_location(athena: Athena) -> None:
    execution = athena.run("SELECT 'a \"b\"' AS x, CAST(NULL AS varchar) AS y, 1 AS z")
    location = execution["ResultConfiguration"]["OutputLocation"]
    assert location == f"{BUCKET}/data/athena/{execution['QueryExecutionId']}.csv"
    assert athena.lake.files[location] == b'"x","y","z"\n"a ""b""",,"1"\n'
    assert athena.lake.kinds[location] == "text/csv"


def test_utility_has_no_header_row(athena: Athena) -> None:
    execution = athena.run("SHOW TABLES LIKE 'runs*'")
    assert execution["StatementType"] == "UTILITY"
    assert cells(athena.results(execution)) == [["runs"], ["runs_by_symbol"]]


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SHOW DATABASES", [[DATABASE]]),
        ("SHOW COLUMNS IN equity", [["timestamp"], ["equity"], ["cash"], ["shares"], ["close"], ["run_id"]]),
        (f"SHOW COLUMNS FROM {DATABASE}.sweeps", None),
        ("DESCRIBE trades", None),
        ("SHOW CREATE TABLE bars", None),
        ("SHOW PARTITIONS bars", []),
        ("EXPLAIN SELECT 1", None),
    ],
)
def test_utility_answers(athena: Athena, sql: str, rows: list[list[str]] | None) -> None:
    execution = athena.run(sql)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    found = cells(athena.results(execution))
    assert found if rows is None else found == rows


def test_information_schema_lists_columns(athena: Athena) -> None:
    execution = athena.run(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'runs' AND "
        "column_name IN ('day', 'year', 'created_at') ORDER BY 1"
    )
    assert cells(athena.results(execution))[1:] == [
        ["created_at", "timestamp(3)"],
        ["day", "date"],
        ["year", "integer"],
    ]


@pytest.mark.parametrize("sql", ["DROP TABLE runs", "CREATE TABLE x AS SELECT 1", "INSERT INTO runs VALUES (1)"])
def test_statement_that_changes_something_fails_and_changes_nothing(athena: Athena, sql: str) -> None:
    before = dict(athena.lake.files)
    status = athena.run(sql)["Status"]
    assert status["State"] == "FAILED"
    assert "Insufficient permissions to execute the query" in status["StateChangeReason"]
    assert athena.lake.files == before


def test_failure_has_reason_and_no_results(athena: Athena) -> None:
    execution = athena.run("SELECT 1 / 0")
    assert execution["Status"]["State"] == "FAILED"
    assert execution["Status"]["StateChangeReason"] == "DIVISION_BY_ZERO: Division by zero"
    assert execution["Status"]["AthenaError"]["ErrorMessage"] == "DIVISION_BY_ZERO: Division by zero"
    refused = athena.refused("GetQueryResults", QueryExecutionId=execution["QueryExecutionId"])
    assert refused == "Query is in state FAILED: DIVISION_BY_ZERO: Division by zero"


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELEC 1", "line 1:1: mismatched input 'SELEC'"),
        ("", "mismatched"),
        ("SELECT 1; SELECT 2", "Only one sql statement is allowed."),
    ],
)
def test_malformed_statement_starts_nothing(athena: Athena, sql: str, reason: str) -> None:
    assert reason in athena.refused("StartQueryExecution", **request(sql))
    assert athena.ask("ListQueryExecutions", WorkGroup="research") == {"QueryExecutionIds": []}


def test_unknown_work_group_and_execution_are_refused(athena: Athena) -> None:
    asked = request("SELECT 1") | {"WorkGroup": "other"}
    assert athena.refused("StartQueryExecution", **asked) == "WorkGroup other is not found."
    for operation in ("GetQueryExecution", "GetQueryResults", "StopQueryExecution"):
        assert athena.refused(operation, QueryExecutionId="x") == "QueryExecution x was not found"


def test_pages_follow_next_token(athena: Athena) -> None:
    execution = athena.run("SELECT x FROM UNNEST(sequence(1, 1500)) AS t(x) ORDER BY x")
    first = athena.results(execution)
    assert (len(cells(first)), cells(first)[0]) == (1_000, ["x"])
    second = athena.results(execution, NextToken=first["NextToken"])
    assert (len(cells(second)), cells(second)[-1], "NextToken" in second) == (501, ["1500"], False)
    few = athena.results(execution, MaxResults=2)
    assert cells(few) == [["x"], ["1"]]
    assert athena.refused("GetQueryResults", QueryExecutionId=execution["QueryExecutionId"], NextToken="x") == (
        "the NextToken is invalid"
    )


def test_client_request_token_starts_one_query(athena: Athena) -> None:
    one = athena.run("SELECT 1", ClientRequestToken="t" * 32)
    assert athena.run("SELECT 1", ClientRequestToken="t" * 32)["QueryExecutionId"] == one["QueryExecutionId"]
    assert athena.run("SELECT 1", ClientRequestToken="u" * 32)["QueryExecutionId"] != one["QueryExecutionId"]


def test_prepared_statement_is_executed_with_parameters(athena: Athena) -> None:
    athena.lake.statements["research/halved"] = "SELECT ? / ?"
    assert cells(athena.results(athena.run("EXECUTE halved USING 7, 2")))[-1] == ["3"]
    status = athena.run("EXECUTE other USING 7")["Status"]
    assert status["StateChangeReason"] == "NOT_FOUND: Prepared statement not found: other"


def test_query_beyond_bytes_limit_is_cancelled(athena: Athena) -> None:
    athena.lake.configuration["BytesScannedCutoffPerQuery"] = 10
    status = athena.run("SELECT * FROM trades WHERE run_id = ?", ExecutionParameters=[f"'{RUN}'"])["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Bytes scanned limit was exceeded")


def test_answer_that_cannot_be_written_fails_the_query(athena: Athena) -> None:
    athena.lake.refuses = "An error occurred while writing to S3: no such bucket"
    status = athena.run("SELECT 1")["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("FAILED", athena.lake.refuses)


def test_stopped_query_is_cancelled(athena: Athena) -> None:
    async def stopped() -> Json:
        started = athena.ask("StartQueryExecution", **request("SELECT 1"))
        athena.ask("StopQueryExecution", **started)
        await asyncio.sleep(0.05)
        return athena.ask("GetQueryExecution", **started)

    status = asyncio.run(stopped())["QueryExecution"]["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Query was cancelled by user")


def test_batch_names_those_that_are_missing(athena: Athena) -> None:
    execution = athena.run("SELECT 1")
    answered = athena.ask("BatchGetQueryExecution", QueryExecutionIds=[execution["QueryExecutionId"], "x"])
    assert [each["QueryExecutionId"] for each in answered["QueryExecutions"]] == [execution["QueryExecutionId"]]
    assert [each["QueryExecutionId"] for each in answered["UnprocessedQueryExecutionIds"]] == ["x"]
