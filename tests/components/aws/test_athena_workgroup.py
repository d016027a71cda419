"""The Athena workgroup: limits, results, saved queries."""

import pytest

from components.saved_queries import SAVED_QUERIES
from tests.components.capture import Stack

LAKE = "s3://tickfold-dev-lake-1a2b3c4"


@pytest.mark.parametrize(("stack_name", "limit"), [("dev", 1_000_000_000), ("prod", 100_000_000_000)])
def test_workgroup_limits_bytes_scanned_per_query(stack_name: str, limit: int, request: pytest.FixtureRequest) -> None:
    stack: Stack = request.getfixturevalue(stack_name)
    configuration = stack.one("aws:athena/workgroup:Workgroup").inputs["configuration"]
    assert configuration["bytesScannedCutoffPerQuery"] == limit
    assert configuration["enforceWorkgroupConfiguration"] is True
    assert configuration["publishCloudwatchMetricsEnabled"] is True


def test_workgroup_with_queries_can_be_destroyed(dev: Stack) -> None:
    assert dev.one("aws:athena/workgroup:Workgroup").inputs["forceDestroy"] is True


def test_query_results_are_encrypted_under_an_expiring_prefix(dev: Stack) -> None:
    configuration = dev.one("aws:athena/workgroup:Workgroup").inputs["configuration"]
    assert configuration["resultConfiguration"] == {
        "outputLocation": f"{LAKE}/data/athena/",
        "encryptionConfiguration": {"encryptionOption": "SSE_S3"},
    }


def test_queries_are_saved_in_the_workgroup(dev: Stack) -> None:
    saved = dev.of("aws:athena/namedQuery:NamedQuery")
    assert {query.inputs["query"] for query in saved} == set(SAVED_QUERIES.values())
    assert {(query.inputs["database"], query.inputs["workgroup"]) for query in saved} == {
        ("tickfold_dev", "tickfold-dev")
    }
