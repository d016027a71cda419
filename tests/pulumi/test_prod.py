"""A stack for production: `destroy` keeps the data, and all that guards it."""

from collections.abc import Callable
from typing import Any

import pytest

from embedded.cloud import Cloud
from tests.pulumi.account import contents
from tests.pulumi.engine import Done, PulumiEngine

GUARDS = {
    "public access": ("get_public_access_block", "PublicAccessBlockConfiguration"),
    "policy": ("get_bucket_policy", "Policy"),
    "encryption": ("get_bucket_encryption", "ServerSideEncryptionConfiguration"),
    "ownership": ("get_bucket_ownership_controls", "OwnershipControls"),
    "versioning": ("get_bucket_versioning", "Status"),
    "lifecycle": ("get_bucket_lifecycle_configuration", "Rules"),
}
"""Of both buckets; the lake's has access logs, too."""


def guards_of(cloud: Cloud, bucket: str) -> dict[str, Any]:
    """Return each guard of a bucket; one that is missing is an error of the call, or of its answer."""
    s3 = cloud.client("s3")
    found = {}
    for guard, (operation, key) in GUARDS.items():
        call: Callable[..., dict[str, Any]] = getattr(s3, operation)
        found[guard] = call(Bucket=bucket)[key]
    return found


def access_logs_of(cloud: Cloud, bucket: str) -> dict[str, Any]:
    logs: dict[str, Any] = cloud.client("s3").get_bucket_logging(Bucket=bucket)["LoggingEnabled"]
    return logs


@pytest.fixture(scope="module")
def deployed(engine: PulumiEngine) -> Done:
    done = engine.do("up", "prod")
    assert (done.failure, done.diagnostics) == (None, [])
    return done


def test_up_again_changes_nothing(deployed: Done, engine: PulumiEngine) -> None:
    assert engine.do("up", "prod").changed() == set()


def test_destroy_keeps_the_data_and_its_guards(deployed: Done, engine: PulumiEngine, cloud: Cloud) -> None:
    bucket, tables = deployed.outputs["bucket"], contents(cloud)["tables"]
    cloud.client("s3").put_object(Bucket=bucket, Key="data/kept", Body=b"kept")
    logs = access_logs_of(cloud, bucket)
    guards = {each: guards_of(cloud, each) for each in (bucket, logs["TargetBucket"])}
    assert {each["versioning"] for each in guards.values()} == {"Enabled"}
    assert logs["TargetBucket"] != bucket

    done = engine.do("destroy", "prod")

    assert done.failure is not None
    assert "protect" in done.failure
    assert cloud.client("s3").get_object(Bucket=bucket, Key="data/kept")["Body"].read() == b"kept"
    assert {each: guards_of(cloud, each) for each in guards} == guards
    assert access_logs_of(cloud, bucket) == logs
    assert contents(cloud)["tables"] == tables
    assert all(
        cloud.client("dynamodb").describe_table(TableName=table)["Table"]["DeletionProtectionEnabled"]
        for table in tables
    )
