"""The embedded stack's Athena, by boto3 as a program would and by `tickfold query`."""

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from embedded.stack import EmbeddedStack
from tests.cli.conftest import Command, alone, tickfold

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

__all__ = ["alone", "tickfold"]

Json = dict[str, Any]


class Queries:
    """Queries of the stack's work group."""

    def __init__(self, stack: EmbeddedStack) -> None:
        self.client: AthenaClient = stack.client("athena")
        self.s3 = stack.client("s3")
        self._where: Json = {
            "WorkGroup": stack.outputs["athena_workgroup"],
            "QueryExecutionContext": {"Database": stack.outputs["athena_database"]},
        }

    def start(self, sql: str, *parameters: str, client: "AthenaClient | None" = None) -> str:
        given: Json = {"ExecutionParameters": list(parameters)} if parameters else {}
        started = (client or self.client).start_query_execution(QueryString=sql, **self._where, **given)
        return started["QueryExecutionId"]

    def run(self, sql: str, *parameters: str) -> Json:
        """Return the query's execution at its end."""
        started = self.start(sql, *parameters)
        for _ in range(300):
            execution: Any = self.client.get_query_execution(QueryExecutionId=started)["QueryExecution"]
            if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return dict(execution)
            time.sleep(0.1)
        raise AssertionError(f"{sql} does not end")

    def rows(self, sql: str, *parameters: str) -> list[list[str | None]]:
        execution = self.run(sql, *parameters)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        pages = self.client.get_paginator("get_query_results").paginate(QueryExecutionId=execution["QueryExecutionId"])
        return [
            [cell.get("VarCharValue") for cell in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]
        ]

    def reason(self, sql: str, *parameters: str) -> str:
        status = self.run(sql, *parameters)["Status"]
        assert status["State"] == "FAILED", status
        return str(status["StateChangeReason"])


@pytest.fixture
def queries(stack: EmbeddedStack) -> Queries:
    return Queries(stack)


COUNT = "SELECT count(*) AS bars FROM bars WHERE symbol = ? AND timeframe = ?"


def test_parameters_find_the_bars_that_are_loaded(queries: Queries) -> None:
    assert queries.rows(COUNT, "'GOOG'", "'1d'") == [["bars"], ["2148"]]


def test_answer_is_in_the_work_groups_place(queries: Queries) -> None:
    execution = queries.run("SELECT 7 / 2 AS half, NULL AS none")
    bucket, _, key = execution["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
    assert queries.s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b'"half","none"\n"3",\n'


def test_show_and_describe_tell_what_glue_knows(queries: Queries) -> None:
    tables = [row[0] for row in queries.rows("SHOW TABLES")]
    assert {"bars", "runs", "trades", "equity"} <= {*tables}
    assert ["symbol", "string", "partition"] in queries.rows("DESCRIBE bars")


def test_missing_parameter_and_partition_are_refused(queries: Queries) -> None:
    assert queries.reason(COUNT) == (
        "INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected 2 but found 0"
    )
    assert queries.reason("SELECT * FROM bars").startswith(
        "CONSTRAINT_VIOLATION: For the injected projected partition column symbol, "
    )


@pytest.mark.parametrize("sql", ["DROP TABLE runs", "DROP DATABASE tickfold_dev CASCADE", "CREATE TABLE a AS SELECT 1"])
def test_definition_is_refused_and_tables_stay(queries: Queries, sql: str) -> None:
    before = queries.rows("SHOW TABLES")
    assert "Insufficient permissions" in queries.reason(sql)
    assert queries.rows("SHOW TABLES") == before


@pytest.mark.parametrize("sql", ["", "-- nothing", "SELECT 1; DROP TABLE runs", "COPY runs TO '/tmp/runs'"])
def test_malformed_statement_is_an_invalid_request(queries: Queries, sql: str) -> None:
    with pytest.raises(ClientError) as refused:
        queries.start(sql or " ")
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"


def test_local_files_are_out_of_reach(queries: Queries) -> None:
    assert queries.reason("SELECT * FROM read_text('/etc/hostname')") == (
        "FUNCTION_NOT_FOUND: line 1:15: Function 'read_text' not registered"
    )


@pytest.fixture
def stranger(stack: EmbeddedStack) -> "Iterator[AthenaClient]":
    """Athena's client of a user who may look at queries, and start none."""
    iam, name = stack.client("iam"), "stranger"
    iam.create_user(UserName=name)
    allowed = {"Effect": "Allow", "Action": "athena:GetQueryExecution", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName=name, PolicyName="looks", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    try:
        yield boto3.client(
            "athena",
            endpoint_url=stack.endpoint_url,
            region_name=stack.region,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )
    finally:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.delete_user_policy(UserName=name, PolicyName="looks")
        iam.delete_user(UserName=name)


def test_query_needs_the_right_to_start_one(queries: Queries, stranger: "AthenaClient") -> None:
    with pytest.raises(ClientError) as refused:
        queries.start("SELECT 1", client=stranger)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    started = queries.run("SELECT 1")["QueryExecutionId"]
    seen = stranger.get_query_execution(QueryExecutionId=started)["QueryExecution"]
    assert seen["Status"]["State"] == "SUCCEEDED"


def test_command_takes_parameters_and_saved_queries(stack: EmbeddedStack, tickfold: Command) -> None:
    asked = tickfold("query", COUNT, "--param", "'GOOG'", "--param", "'1d'", "--json")
    assert (asked.status, json.loads(asked.stdout)) == (0, [{"bars": 2148}])
    saved = tickfold("query", "--saved", "latest-runs")
    assert saved.status == 0, saved.stderr
    assert saved.stdout.startswith("run_id,symbol,timeframe,strategy,")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["SELECT count(*) FROM runs WHERE day = '2026-11-25'"],
            "query failed: TYPE_MISMATCH: line 1:37: Cannot apply operator: date = varchar(10)",
        ),
        (
            ["SELECT ?"],
            "query failed: INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected 1 but found 0",
        ),
        (["SELECT 1 / 0"], "query failed: DIVISION_BY_ZERO: Division by zero"),
    ],
)
def test_command_tells_athenas_reason(stack: EmbeddedStack, tickfold: Command, arguments: list[str], said: str) -> None:
    ended = tickfold("query", *arguments)
    assert (ended.status, ended.stdout, ended.stderr) == (3, "", f"tickfold: {said}\n")
