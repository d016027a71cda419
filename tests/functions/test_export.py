"""The function that exports bars: from the hot table's stream to a real PostgreSQL server."""

import json
import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent

from functions import settings
from functions.market_data import export
from functions.market_data.export import Dependencies, Export
from tests.aws import REGION
from tests.market_data.sinks.bars import minute, minutes
from tests.market_data.sinks.conftest import Database, MakeSink, database, make_sink, server
from tests.market_data.sinks.items import item_of, record_of
from tests.market_data.sinks.test_postgres import rows
from tickfold.market_data.sinks.dead_letters import DeadLetters
from tickfold.market_data.sinks.errors import SinkMisconfiguredError, SinkUnavailableError

CONTEXT: Any = SimpleNamespace(
    function_name="export", memory_limit_in_mb=256, invoked_function_arn="arn:aws:lambda:x", aws_request_id="q1"
)

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

__all__ = ["database", "make_sink", "server"]


@pytest.fixture
def sqs(aws: None) -> "SQSClient":
    return boto3.client("sqs", region_name=REGION)


@pytest.fixture
def queue(sqs: "SQSClient") -> str:
    return sqs.create_queue(QueueName="dead-letters")["QueueUrl"]


@pytest.fixture
def to(database: Database, make_sink: MakeSink, sqs: "SQSClient", queue: str) -> Dependencies:
    return Dependencies(make_sink(database.url), DeadLetters(sqs, queue), Metrics(namespace="Test", service="feed"))


def event(*items: dict[str, Any], name: str = "INSERT") -> DynamoDBStreamEvent:
    return DynamoDBStreamEvent({"Records": [record_of(item, 100 + at, name) for at, item in enumerate(items)]})


def letters(sqs: "SQSClient", queue: str) -> list[dict[str, Any]]:
    found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in found]


def test_bars_of_a_batch_are_written_and_other_items_are_not(database: Database, to: Dependencies) -> None:
    items = [item_of(bar, at) for at, bar in enumerate(minutes(10))]
    others = [{"series": "QQQ#1m", "entry": "state", "sequence": 10}, item_of(minute(11), 11, "5m")]
    assert export.export(event(*items, *others), to) == Export(10, 10, 0, ())
    assert export.export(event(*items[5:]), to) == Export(5, 5, 0, ())
    assert export.export(event(*items, name="REMOVE"), to) == Export(0, 0, 0, ())
    assert rows(database) == minutes(10)


def test_changed_item_changes_the_row(database: Database, to: Dependencies) -> None:
    export.export(event(item_of(minute(3), 3)), to)
    export.export(event(item_of(minute(3, close=7.5), 3), name="MODIFY"), to)
    assert rows(database) == [minute(3, close=7.5)]


def test_refused_bars_become_dead_letters_and_others_are_written(
    database: Database, to: Dependencies, sqs: "SQSClient", queue: str
) -> None:
    to.sink.upsert([minute(0)])
    database.query("ALTER TABLE equity_data ADD CHECK (close < 1000)")
    items = [item_of(bar, at) for at, bar in enumerate(minutes(6))]
    items[2] = item_of(minute(2, close=5_000.0), 2)
    items[4]["close"] = "soon"
    del items[5]["open"]
    assert export.export(event(*items), to) == Export(3, 3, 3, ())
    assert rows(database) == [minute(0), minute(1), minute(3)]
    found = {letter["item"]["entry"]: letter["reason"] for letter in letters(sqs, queue)}
    assert found == {
        "bar#000000000002": 'new row for relation "equity_data" violates check constraint "equity_data_close_check" '
        "(SQLSTATE 23514)",
        "bar#000000000004": "the item is no bar: ValueError: could not convert string to float: 'soon'",
        "bar#000000000005": "the item is no bar: KeyError: 'open'",
    }


def test_refused_bar_that_cannot_be_kept_is_tried_again(
    database: Database, to: Dependencies, sqs: "SQSClient", queue: str
) -> None:
    items = [item_of(bar, at) for at, bar in enumerate(minutes(6))]
    items[1]["close"] = items[4]["close"] = "soon"
    sqs.delete_queue(QueueUrl=queue)
    assert export.export(event(*items), to) == Export(4, 4, 2, ("101", "104"))
    assert len(rows(database)) == 4


def test_batch_fails_while_postgresql_is_down(database: Database, to: Dependencies) -> None:
    items = [item_of(bar, at) for at, bar in enumerate(minutes(6))]
    database.server.stop()
    for _ in range(2):
        with pytest.raises(SinkUnavailableError):
            export.export(event(*items), to)
    database.server.start()
    assert export.export(event(*items), to) == Export(6, 6, 0, ())
    assert rows(database) == minutes(6)


@pytest.fixture
def environment(database: Database, monkeypatch: pytest.MonkeyPatch, sqs: "SQSClient", queue: str) -> Iterator[None]:
    """The function's environment, with the secret that it names."""
    secret = json.dumps({"postgres": database.url})
    boto3.client("secretsmanager", region_name=REGION).create_secret(Name="market-data", SecretString=secret)
    monkeypatch.setenv(settings.KEYS_SECRET, "market-data")
    monkeypatch.setenv(settings.DEAD_LETTERS_QUEUE, queue)
    monkeypatch.setenv(settings.METRICS_NAMESPACE, "Tickfold/RealTimeStreaming")
    export.dependencies.cache_clear()
    yield
    export.dependencies().sink.close()
    export.dependencies.cache_clear()


def test_handler_answers_with_the_records_to_try_again(
    environment: None, database: Database, sqs: "SQSClient", queue: str
) -> None:
    good, bad = item_of(minute(0), 0), item_of(minute(1), 1) | {"close": "soon"}
    assert export.handler(event(good, bad).raw_event, CONTEXT) == {"batchItemFailures": []}
    assert rows(database) == [minute(0)]
    sqs.delete_queue(QueueUrl=queue)
    answer = export.handler(event(good, bad).raw_event, CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "101"}]}


def test_logs_and_errors_have_no_part_of_the_connection_string(
    environment: None, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client = boto3.client("secretsmanager", region_name=REGION)
    wrong = {"postgres": database.url.replace("s3cret", "wr0ng")}
    client.put_secret_value(SecretId="market-data", SecretString=json.dumps(wrong))
    with pytest.raises(SinkMisconfiguredError) as error:
        export.handler(event(item_of(minute(0), 0)).raw_event, CONTEXT)
    told = str(error.value) + caplog.text
    assert "refuses the user or the password" in told
    assert not [part for part in ("wr0ng", "pass%40", "127.0.0.1:", "postgresql://") if part in told]
