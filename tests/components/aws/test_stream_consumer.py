"""What feeds the delivery of messages: the stream of runs, and which of its rows."""

import json

from tests.components.capture import REGION, Stack

MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"


def test_the_stream_of_runs_feeds_the_released_function(dev: Stack) -> None:
    mapping = dev.one(MAPPING).inputs
    assert mapping["eventSourceArn"].startswith(
        f"arn:aws:dynamodb:{REGION}:111122223333:table/tickfold-dev-runs/stream/"
    )
    assert mapping["functionName"].endswith(":function:tickfold-dev-deliver:live")
    assert mapping["startingPosition"] == "LATEST"


def test_only_messages_wake_it(dev: Stack) -> None:
    (only,) = dev.one(MAPPING).inputs["filterCriteria"]["filters"]
    assert json.loads(only["pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {"Keys": {"entry": {"S": [{"prefix": "event#"}]}}},
    }


def test_a_batch_that_fails_holds_up_others_for_an_hour_at_most(dev: Stack) -> None:
    mapping = dev.one(MAPPING).inputs
    assert mapping["bisectBatchOnFunctionError"] is True
    assert mapping["maximumRecordAgeInSeconds"] == 3_600
    assert mapping["parallelizationFactor"] == 10


def test_it_waits_for_the_right_to_read_the_stream(dev: Stack) -> None:
    policy = dev.one("aws:iam/rolePolicy:RolePolicy", "-deliver-policy")
    assert policy.urn in dev.waits_for(dev.one(MAPPING))
