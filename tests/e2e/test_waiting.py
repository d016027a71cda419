"""A run waits while as many as the stack carries out at once are running, and goes on once there is a place."""

import json
from collections.abc import Callable, Iterator

import pytest

from embedded.stack import EmbeddedStack
from tests.e2e.websocket_client import SMA, connected, start

PLACES = 20
"""Of the embedded stack."""
ROW = {"user_id": {"S": "*"}, "entry": {"S": "active"}}


@pytest.fixture
def leave(stack: EmbeddedStack) -> Iterator[Callable[[], None]]:
    """Take all places for runs that do not exist; yield what gives one back. The others are given back in the end.

    Whatever another test has left does not count.
    """
    dynamodb, table = stack.client("dynamodb"), stack.outputs["users_table"]

    def change(expression: str, runs: list[str]) -> None:
        dynamodb.update_item(
            TableName=table,
            Key=ROW,
            UpdateExpression=expression,
            ExpressionAttributeValues={":runs": {"SS": runs}},
        )

    others = [f"other-{number}" for number in range(PLACES)]
    change("SET runs = :runs", others)
    yield lambda: change("DELETE runs :runs", others[:1])
    change("DELETE runs :runs", others)


def attempts(stack: EmbeddedStack, execution_arn: str) -> list[str]:
    """Return the errors with which Plan has ended so far."""
    history = stack.client("stepfunctions").get_execution_history(executionArn=execution_arn)["events"]
    return [event["taskFailedEventDetails"]["error"] for event in history if "taskFailedEventDetails" in event]


def test_run_without_a_place_waits_and_goes_on_when_one_is_free(
    stack: EmbeddedStack, url: str, leave: Callable[[], None]
) -> None:
    with connected(url) as client:
        client.send(start(**SMA, chunks=2))
        accepted = client.receive()
        assert client.is_idle()
        leave()
        assert [client.receive()["type"], client.receive_all()[-1]["type"]] == ["planned", "result"]
    assert set(attempts(stack, accepted["executionArn"])) <= {"AtCapacityError"}
    row = stack.client("dynamodb").get_item(TableName=stack.outputs["users_table"], Key=ROW)["Item"]
    assert accepted["runId"] not in json.dumps(row)
