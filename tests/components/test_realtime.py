"""Realtime: which functions answer the routes, and what starts the delivery of messages."""

import json

from tests.components.capture import REGION, Stack

MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"


def test_only_messages_start_the_delivery(dev: Stack) -> None:
    (only,) = dev.one(MAPPING).inputs["filterCriteria"]["filters"]
    assert json.loads(only["pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {"Keys": {"entry": {"S": [{"prefix": "event#"}]}}},
    }


def test_stream_of_runs_feeds_the_released_function(dev: Stack) -> None:
    mapping = dev.one(MAPPING).inputs
    assert mapping["eventSourceArn"].startswith(
        f"arn:aws:dynamodb:{REGION}:111122223333:table/tickfold-dev-runs/stream/"
    )
    assert mapping["functionName"].endswith(":function:tickfold-dev-deliver:live")
