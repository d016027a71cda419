"""Reading many items of a table, also where DynamoDB leaves some out."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tickfold.errors import TickfoldError
from tickfold.storage.query import MOST_KEYS, MOST_REPEATS, get_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

ROWS = [{"key": f"{number:03d}"} for number in range(2 * MOST_KEYS + 50)]


@pytest.fixture
def table() -> Iterator["Table"]:
    with mock_aws():
        resource = boto3.resource("dynamodb", region_name="eu-north-1")
        table = resource.create_table(
            TableName="rows",
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        with table.batch_writer() as batch:
            for row in ROWS:
                batch.put_item(Item=row)
        yield table


class Throttle:
    """Leaves out all but `served` of the keys of each answer, as a throttled table does."""

    def __init__(self, table: "Table", served: int) -> None:
        self.calls, self._served, self._name = 0, served, table.name
        table.meta.client.meta.events.register_first("after-call.dynamodb.BatchGetItem", self._leave_out)

    def _leave_out(self, *, parsed: Any, **_: Any) -> None:
        self.calls += 1
        found = parsed["Responses"][self._name]
        parsed["Responses"][self._name] = found[: self._served]
        if left_out := [{"key": row["key"]} for row in found[self._served :]]:
            parsed["UnprocessedKeys"] = {self._name: {"Keys": left_out}}


def found(table: "Table", keys: list[dict[str, str]]) -> list[str]:
    return sorted(row["key"] for row in get_all(table, keys, first_pause=0))


def test_get_all_more_keys_than_one_request_takes(table: "Table") -> None:
    assert found(table, ROWS) == [row["key"] for row in ROWS]


def test_get_all_takes_keys_that_are_given_twice(table: "Table") -> None:
    assert found(table, [*ROWS[:3], *ROWS[:3]]) == [row["key"] for row in ROWS[:3]]


def test_get_all_passes_over_keys_that_do_not_exist(table: "Table") -> None:
    assert found(table, [{"key": "007"}, {"key": "none"}]) == ["007"]
    assert found(table, []) == []


def test_get_all_asks_again_for_keys_that_were_left_out(table: "Table") -> None:
    throttle = Throttle(table, served=40)
    assert found(table, ROWS[:100]) == [row["key"] for row in ROWS[:100]]
    assert throttle.calls == 3


def test_get_all_gives_up_on_a_table_that_is_throttled(table: "Table") -> None:
    throttle = Throttle(table, served=0)
    with pytest.raises(TickfoldError, match="table rows, which is throttled"):
        found(table, ROWS[:1])
    assert throttle.calls == MOST_REPEATS + 1
