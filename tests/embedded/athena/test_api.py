"""Athena's API over a lake in memory: states, results in pages, refusals."""

import asyncio
from typing import Any

import pytest

from embedded.athena.service import Service
from tests.embedded.athena.conftest import DATABASE, Lake

Json = dict[str, Any]


async def started(service: Service, sql: str, **more: Any) -> Json:
    """Start a query, wait until it ends, and return its execution."""
    asked = {"QueryString": sql, "WorkGroup": "group", "QueryExecutionContext": {"Database": DATABASE}} | more
    status, document = service.answer("StartQueryExecution", asked)
    if status != 200:
        return document
    while True:
        execution: Json = service.answer("GetQueryExecution", document)[1]["QueryExecution"]
        if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return execution
        await asyncio.sleep(0.01)


def ended(sql: str, lake: Lake | None = None, **more: Any) -> tuple[Json, Service]:
    service = Service(lake or Lake())
    return asyncio.run(started(service, sql, **more)), service


def rows(service: Service, execution: Json, **page: Any) -> Json:
    found = service.answer("GetQueryResults", {"QueryExecutionId": execution["QueryExecutionId"]} | page)
    assert found[0] == 200
    return found[1]


def test_answer_of_a_query_has_its_names_as_first_row(lake: Lake) -> None:
    execution, service = ended("SELECT run_id, trades, nullif(1, 1) FROM runs ORDER BY 1", lake)
    assert (execution["Status"]["State"], execution["StatementType"]) == ("SUCCEEDED", "DML")
    assert execution["Statistics"]["DataScannedInBytes"] > 0
    result = rows(service, execution)["ResultSet"]
    assert result["Rows"] == [
        {"Data": [{"VarCharValue": "run_id"}, {"VarCharValue": "trades"}, {"VarCharValue": "_col2"}]},
        {"Data": [{"VarCharValue": "one"}, {"VarCharValue": "7"}, {}]},
        {"Data": [{"VarCharValue": "two"}, {"VarCharValue": "3"}, {}]},
    ]
    assert [column["Type"] for column in result["ResultSetMetadata"]["ColumnInfo"]] == ["varchar", "integer", "integer"]
    output = execution["ResultConfiguration"]["OutputLocation"]
    assert output == f"s3://bucket/results/{execution['QueryExecutionId']}.csv"
    assert lake.written[output] == b'"run_id","trades","_col2"\n"one","7",\n"two","3",\n'


def test_results_come_in_pages() -> None:
    execution, service = ended("SELECT n FROM UNNEST(sequence(1, 2500)) AS t(n)")
    found, token = [], None
    while token != "":
        page = rows(service, execution, **({"NextToken": token} if token else {}))
        assert len(page["ResultSet"]["Rows"]) <= 1_000
        found += [row["Data"][0]["VarCharValue"] for row in page["ResultSet"]["Rows"]]
        token = page.get("NextToken", "")
    assert found == ["n", *map(str, range(1, 2_501))]
    assert len(rows(service, execution, MaxResults=3)["ResultSet"]["Rows"]) == 3


@pytest.mark.parametrize(
    ("sql", "listed"),
    [
        ("SHOW TABLES", [["bars"], ["runs"]]),
        ("SHOW TABLES IN lake 'r*'", [["runs"]]),
        ("SHOW TABLES LIKE '%ars'", [["bars"]]),
        ("show databases", [["lake"]]),
        (
            "SHOW COLUMNS IN lake.runs",
            [["run_id"], ["symbol"], ["trades"], ["day"], ["created_at"], ["parameters"], ["year"]],
        ),
        ("SHOW PARTITIONS runs", []),
        (
            "DESCRIBE bars",
            [
                ["timestamp", "timestamp", ""],
                ["close", "double", ""],
                ["volume", "double", ""],
                ["year", "int", ""],
                ["symbol", "string", "partition"],
                ["timeframe", "string", "partition"],
            ],
        ),
    ],
)
def test_what_there_is_is_listed_without_a_row_of_names(sql: str, listed: list[list[str]]) -> None:
    execution, service = ended(sql)
    assert execution["StatementType"] == "UTILITY"
    found = rows(service, execution)["ResultSet"]["Rows"]
    assert [[cell["VarCharValue"] for cell in row["Data"]] for row in found] == listed


def test_definition_of_a_table_is_shown() -> None:
    execution, service = ended("SHOW CREATE TABLE runs")
    found = rows(service, execution)["ResultSet"]["Rows"]
    lines = [row["Data"][0]["VarCharValue"] for row in found]
    assert lines[0] == "CREATE EXTERNAL TABLE `runs`("
    assert "  'projection.year.range'='2025,2028', " in lines


def test_plan_of_a_query_is_explained(lake: Lake) -> None:
    execution, service = ended("EXPLAIN SELECT count(*) FROM runs", lake)
    assert rows(service, execution)["ResultSet"]["ResultSetMetadata"]["ColumnInfo"][0]["Name"] == "Query Plan"
    assert lake.listed == []


def test_parameters_and_prepared_statements() -> None:
    execution, service = ended("SELECT run_id FROM runs WHERE trades = ?", ExecutionParameters=["7"])
    assert rows(service, execution)["ResultSet"]["Rows"][1] == {"Data": [{"VarCharValue": "one"}]}
    execution, service = ended("EXECUTE sum USING 1, 2")
    assert rows(service, execution)["ResultSet"]["Rows"][-1] == {"Data": [{"VarCharValue": "3"}]}
    assert ended("EXECUTE nope")[0]["Status"]["StateChangeReason"] == "NOT_FOUND: Prepared statement not found: nope"


@pytest.mark.parametrize("sql", ["DROP TABLE runs", "INSERT INTO runs SELECT 1", "CREATE TABLE a AS SELECT 1"])
def test_what_changes_something_is_not_granted(sql: str) -> None:
    execution, _ = ended(sql)
    assert execution["Status"]["State"] == "FAILED"
    assert execution["Status"]["StateChangeReason"].startswith("PERMISSION_DENIED: Insufficient permissions")


def test_malformed_statement_is_no_execution() -> None:
    refused, service = ended("SELECT 1; SELECT 2")
    assert refused == {
        "__type": "InvalidRequestException",
        "message": "Only one sql statement is allowed. Got: SELECT 1; SELECT 2",
        "AthenaErrorCode": "MALFORMED_QUERY",
    }
    assert service.answer("ListQueryExecutions", {"WorkGroup": "group"}) == (200, {"QueryExecutionIds": []})


def test_failed_query_has_its_reason_and_no_result() -> None:
    execution, service = ended("SELECT nope FROM runs")
    reason = "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"
    assert execution["Status"]["StateChangeReason"] == reason
    status, refused = service.answer("GetQueryResults", {"QueryExecutionId": execution["QueryExecutionId"]})
    assert (status, refused["message"]) == (400, f"Query is in state FAILED: {reason}")


def test_query_beyond_the_limit_of_its_work_group_is_cancelled(lake: Lake) -> None:
    lake.configuration["BytesScannedCutoffPerQuery"] = 10
    execution, _ = ended("SELECT * FROM runs", lake)
    assert (execution["Status"]["State"], execution["Status"]["StateChangeReason"]) == (
        "CANCELLED",
        "Bytes scanned limit was exceeded",
    )


def test_same_token_is_the_same_execution() -> None:
    async def twice() -> tuple[str, str]:
        service = Service(Lake())
        first = await started(service, "SELECT 1", ClientRequestToken="t" * 32)
        second = await started(service, "SELECT 1", ClientRequestToken="t" * 32)
        return first["QueryExecutionId"], second["QueryExecutionId"]

    first, second = asyncio.run(twice())
    assert first == second


def test_running_query_is_stopped() -> None:
    async def stop() -> Json:
        service = Service(Lake())
        endless = "SELECT count(*) FROM UNNEST(sequence(1, 100000)) AS a(x), UNNEST(sequence(1, 100000)) AS b(y)"
        task = asyncio.create_task(started(service, f"{endless} WHERE x % 7 = y % 11"))
        while not (ids := service.answer("ListQueryExecutions", {"WorkGroup": "group"})[1]["QueryExecutionIds"]):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        assert service.answer("StopQueryExecution", {"QueryExecutionId": ids[0]}) == (200, {})
        return await task

    execution = asyncio.run(stop())
    assert execution["Status"]["State"] == "CANCELLED"
    assert execution["Status"]["StateChangeReason"] == "Query was cancelled by user"


@pytest.mark.parametrize(
    ("operation", "asked", "reason"),
    [
        ("StartQueryExecution", {"QueryString": "SELECT 1", "WorkGroup": "none"}, "WorkGroup none is not found."),
        ("GetQueryExecution", {"QueryExecutionId": "none"}, "QueryExecution none was not found"),
        ("StopQueryExecution", {"QueryExecutionId": "none"}, "QueryExecution none was not found"),
    ],
)
def test_invalid_request_is_refused(operation: str, asked: Json, reason: str) -> None:
    status, refused = Service(Lake()).answer(operation, asked)
    assert (status, refused["__type"], refused["message"]) == (400, "InvalidRequestException", reason)


@pytest.mark.parametrize("sql", ["SELECT 1", "SELECT nope", "SHOW TABLES"])
def test_query_that_has_ended_can_be_stopped(sql: str) -> None:
    execution, service = ended(sql)
    asked = {"QueryExecutionId": execution["QueryExecutionId"]}
    assert service.answer("StopQueryExecution", asked) == (200, {})
    assert service.answer("GetQueryExecution", asked)[1]["QueryExecution"]["Status"] == execution["Status"]
