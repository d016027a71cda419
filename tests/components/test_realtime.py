"""Realtime: which functions answer the routes, and what starts the delivery of messages, bars and journals."""

import json

import pytest

from tests.components.capture import REGION, Stack

MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
STREAMS = [
    ("-deliver-mapping", "event#", "runs"),
    ("-deliver-bars-mapping", "bar#", "bars"),
    ("-deliver-alerts-mapping", "alert#", "alerts"),
    ("-deliver-journals-mapping", "journal#", "trading"),
]


@pytest.mark.parametrize(("mapping", "prefix", "table"), STREAMS)
def test_only_what_is_appended_is_delivered(dev: Stack, mapping: str, prefix: str, table: str) -> None:
    found = dev.one(MAPPING, mapping).inputs
    (only,) = found["filterCriteria"]["filters"]
    assert json.loads(only["pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {"Keys": {"entry": {"S": [{"prefix": prefix}]}}},
    }
    stream = f"arn:aws:dynamodb:{REGION}:111122223333:table/tickfold-dev-{table}/stream/"
    assert found["eventSourceArn"].startswith(stream)


@pytest.mark.parametrize(("mapping", "_prefix", "_table"), STREAMS)
def test_streams_feed_the_released_function(dev: Stack, mapping: str, _prefix: str, _table: str) -> None:
    assert dev.one(MAPPING, mapping).inputs["functionName"].endswith(":function:tickfold-dev-deliver:live")
