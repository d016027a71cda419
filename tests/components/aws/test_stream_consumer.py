"""Event source mappings: where they start, and how long a failing batch holds up others."""

from tests.components.capture import Stack

MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"


def test_consumer_starts_at_the_latest_record(dev: Stack) -> None:
    assert dev.one(MAPPING).inputs["startingPosition"] == "LATEST"


def test_failing_batch_is_bisected_and_dropped_after_an_hour(dev: Stack) -> None:
    mapping = dev.one(MAPPING).inputs
    assert mapping["bisectBatchOnFunctionError"] is True
    assert mapping["maximumRecordAgeInSeconds"] == 3_600
    assert mapping["parallelizationFactor"] == 10
    assert mapping["batchSize"] == 100


def test_consumer_depends_on_the_right_to_read_the_stream(dev: Stack) -> None:
    policy = dev.one("aws:iam/rolePolicy:RolePolicy", "-deliver-policy")
    assert policy.urn in dev.waits_for(dev.one(MAPPING))
