"""Event source mappings: where they start, and how long a failing batch holds up others."""

import pytest

from tests.components.capture import Stack
from tests.components.needs import dead_letters

MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
NAMES = ["-deliver-mapping", "-deliver-bars-mapping"]


@pytest.mark.parametrize("name", NAMES)
def test_consumer_starts_at_the_latest_record(dev: Stack, name: str) -> None:
    assert dev.one(MAPPING, name).inputs["startingPosition"] == "LATEST"


@pytest.mark.parametrize("name", NAMES)
def test_failing_record_is_found_by_bisecting_and_given_up_to_a_queue(dev: Stack, name: str) -> None:
    mapping = dev.one(MAPPING, name).inputs
    queue = dev.one("aws:sqs/queue:Queue", "-realtime-dead-letters-queue")
    assert mapping["destinationConfig"] == {"onFailure": {"destinationArn": dead_letters("realtime")}}
    assert dead_letters("realtime").endswith(f":{queue.inputs['name']}")
    assert mapping["maximumRetryAttempts"] == 30
    assert mapping["bisectBatchOnFunctionError"] is True
    assert mapping["maximumRecordAgeInSeconds"] == 3_600
    assert mapping["parallelizationFactor"] == 10
    assert mapping["batchSize"] == 100


@pytest.mark.parametrize("name", NAMES)
def test_consumer_depends_on_the_right_to_read_the_stream(dev: Stack, name: str) -> None:
    policy = dev.one("aws:iam/rolePolicy:RolePolicy", "-deliver-policy")
    assert policy.urn in dev.waits_for(dev.one(MAPPING, name))
