"""Transactions: all writes or none, conflicts retried. Queries: all pages."""

from typing import TYPE_CHECKING, Any

import pytest
from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from tests.aws import SUBSCRIPTIONS, USERS, rows
from tickfold.storage.dynamodb import ATTEMPTS, ConditionFailedError, transact, update
from tickfold.storage.query import query_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource
    from mypy_boto3_dynamodb.service_resource import Table


@pytest.fixture
def users(dynamodb: "DynamoDBServiceResource") -> "Table":
    return dynamodb.Table(USERS)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that retries would have paused for."""
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    return pauses


def put(entry: str, *, new: bool = True) -> dict[str, Any]:
    write: dict[str, Any] = {"TableName": USERS, "Item": {"user_id": "ada", "entry": entry}}
    return {"Put": write | ({"ConditionExpression": "attribute_not_exists(user_id)"} if new else {})}


def cancelled(*reasons: str) -> dict[str, Any]:
    """Return how DynamoDB says that it cancelled a transaction."""
    codes = [{"Code": reason, "Message": ""} for reason in reasons]
    return {
        "service_error_code": "TransactionCanceledException",
        "modeled_fields": {"CancellationReasons": codes, "Message": ""},
        "http_status_code": 400,
    }


def test_transact_writes_all(users: "Table") -> None:
    transact(users, [put("a"), put("b")])
    assert sorted(row["entry"] for row in rows(users)) == ["a", "b"]


def test_transact_with_a_failed_condition_writes_nothing_and_names_the_write(users: "Table") -> None:
    transact(users, [put("b")])
    with pytest.raises(ConditionFailedError, match=r"the writes \[1\]") as caught:
        transact(users, [put("a"), put("b"), put("c")])
    assert caught.value.writes == {1}
    assert [row["entry"] for row in rows(users)] == ["b"]


def test_transact_retries_conflicts_with_growing_pauses(users: "Table", no_pauses: list[float]) -> None:
    with Stubber(users.meta.client) as stub:
        for _ in range(9):
            stub.add_client_error("transact_write_items", **cancelled("None", "TransactionConflict"))
        stub.add_response("transact_write_items", {})
        transact(users, [put("a"), put("b")])
        stub.assert_no_pending_responses()
    assert len(no_pauses) == 9
    assert all(0 <= pause <= min(0.01 * 2**at, 0.5) for at, pause in enumerate(no_pauses))
    assert max(no_pauses) > 0.02


def test_transact_gives_up_after_so_many_attempts(users: "Table", no_pauses: list[float]) -> None:
    with Stubber(users.meta.client) as stub:
        for _ in range(ATTEMPTS):
            stub.add_client_error("transact_write_items", **cancelled("ThrottlingError"))
        with pytest.raises(ClientError, match="TransactionCanceledException"):
            transact(users, [put("a")])
        stub.assert_no_pending_responses()
    assert len(no_pauses) == ATTEMPTS - 1 == 29
    assert max(no_pauses) <= 0.5


def test_transact_does_not_retry_a_failed_condition_beside_a_conflict(users: "Table") -> None:
    with Stubber(users.meta.client) as stub:
        stub.add_client_error("transact_write_items", **cancelled("ConditionalCheckFailed", "TransactionConflict"))
        with pytest.raises(ConditionFailedError) as caught:
            transact(users, [put("a"), put("b")])
    assert caught.value.writes == {0}


def test_transact_raises_other_cancellations(users: "Table", no_pauses: list[float]) -> None:
    with Stubber(users.meta.client) as stub:
        stub.add_client_error("transact_write_items", **cancelled("ValidationError"))
        with pytest.raises(ClientError, match="TransactionCanceledException"):
            transact(users, [put("a")])
    assert not no_pauses


@pytest.mark.parametrize(
    "code", ["TransactionConflictException", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]
)
def test_update_retries_what_is_transient(users: "Table", code: str, no_pauses: list[float]) -> None:
    with Stubber(users.meta.client) as stub:
        stub.add_client_error("update_item", code)
        stub.add_response("update_item", {"Attributes": {"n": {"N": "1"}}})
        assert update(users, Key={"user_id": "ada", "entry": "a"})["Attributes"]
    assert len(no_pauses) == 1


def test_update_raises_other_errors_at_once(users: "Table", no_pauses: list[float]) -> None:
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        update(
            users,
            Key={"user_id": "ada", "entry": "a"},
            UpdateExpression="SET n = :n",
            ConditionExpression="attribute_exists(n)",
            ExpressionAttributeValues={":n": 1},
        )
    assert not no_pauses


def test_query_all_reads_every_page(dynamodb: "DynamoDBServiceResource") -> None:
    table = dynamodb.Table(SUBSCRIPTIONS)
    for number in range(5):
        table.put_item(Item={"topic": "run#1", "connection_id": f"c{number}", "n": number})
    table.put_item(Item={"topic": "run#2", "connection_id": "c9"})
    found = list(query_all(table, KeyConditionExpression=Key("topic").eq("run#1"), PaginationConfig={"PageSize": 2}))
    assert [(item["connection_id"], item["n"]) for item in found] == [(f"c{number}", number) for number in range(5)]
