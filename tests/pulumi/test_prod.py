"""A stack for production: `destroy` keeps the data, and all that guards it."""

from collections.abc import Callable, Collection
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
OF_LAKE = set(GUARDS) - {"policy"}
"""The policy of the lake's bucket only demands TLS, which the emulator cannot have."""


def guards_of(cloud: Cloud, bucket: str, names: Collection[str] = GUARDS) -> dict[str, Any]:
    """Return the named guards of a bucket; one that is missing is an error of the call, or of its answer."""
    s3 = cloud.client("s3")
    found = {}
    for guard in names:
        operation, key = GUARDS[guard]
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
    assert logs["TargetBucket"] != bucket
    guards, guards_of_logs = guards_of(cloud, bucket, OF_LAKE), guards_of(cloud, logs["TargetBucket"])
    assert guards["versioning"] == guards_of_logs["versioning"] == "Enabled"

    done = engine.do("destroy", "prod")

    assert done.failure is not None
    assert "protect" in done.failure
    assert cloud.client("s3").get_object(Bucket=bucket, Key="data/kept")["Body"].read() == b"kept"
    assert guards_of(cloud, bucket, OF_LAKE) == guards
    assert guards_of(cloud, logs["TargetBucket"]) == guards_of_logs
    assert access_logs_of(cloud, bucket) == logs
    assert contents(cloud)["tables"] == tables
    assert all(
        cloud.client("dynamodb").describe_table(TableName=table)["Table"]["DeletionProtectionEnabled"]
        for table in tables
    )
