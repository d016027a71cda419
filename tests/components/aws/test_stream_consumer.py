"""Event source mappings: where they start, and how long a failing batch holds up others."""

from tests.components.capture import Stack

MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"


def test_consumer_starts_with_what_is_written_from_now_on(dev: Stack) -> None:
    assert dev.one(MAPPING).inputs["startingPosition"] == "LATEST"


def test_a_batch_that_fails_holds_up_others_for_an_hour_at_most(dev: Stack) -> None:
    mapping = dev.one(MAPPING).inputs
    assert mapping["bisectBatchOnFunctionError"] is True
    assert mapping["maximumRecordAgeInSeconds"] == 3_600
    assert mapping["parallelizationFactor"] == 10
    assert mapping["batchSize"] == 100


def test_it_waits_for_the_right_to_read_the_stream(dev: Stack) -> None:
    policy = dev.one("aws:iam/rolePolicy:RolePolicy", "-deliver-policy")
    assert policy.urn in dev.waits_for(dev.one(MAPPING))
