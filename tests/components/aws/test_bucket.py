"""The bucket: private, encrypted, versioned, logged, with lifecycle rules."""

import json
from typing import Any

import pytest

from tests.components.capture import Stack
from tickfold.storage import layout

BUCKET = "tickfold-dev-lake-1a2b3c4"
SETTINGS: dict[str, dict[str, object]] = {
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
        "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]
    },
    "aws:s3/bucketVersioning:BucketVersioning": {"versioningConfiguration": {"status": "Enabled"}},
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    },
    "aws:s3/bucketLogging:BucketLogging": {"targetBucket": BUCKET, "targetPrefix": "logs/"},
}


@pytest.mark.parametrize("token", SETTINGS)
def test_bucket_is_encrypted_versioned_private_and_logged(dev: Stack, token: str) -> None:
    assert dev.one(token).inputs == {"bucket": BUCKET, **SETTINGS[token]}


def rules(stack: Stack) -> dict[str, dict[str, Any]]:
    lifecycle = stack.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    assert all(rule["status"] == "Enabled" for rule in lifecycle.inputs["rules"])
    found: dict[str, dict[str, Any]] = {}
    for rule in lifecycle.inputs["rules"]:
        found.setdefault(rule["filter"]["prefix"], {}).update(rule)
    return found


def rule_ids(stack: Stack) -> list[str]:
    lifecycle = stack.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    return [rule["id"] for rule in lifecycle.inputs["rules"]]


@pytest.mark.parametrize(("prefix", "days"), [("data/chunks/", 7), ("data/athena/", 7), ("logs/", 90)])
def test_temporary_prefix_expires(dev: Stack, prefix: str, days: int) -> None:
    assert rules(dev)[prefix]["expiration"] == {"days": days}


def test_rules_are_named_after_their_prefixes(dev: Stack) -> None:
    ids = rule_ids(dev)
    assert len(set(ids)) == len(ids)
    assert {"expire-data-chunks", "expire-logs", "expire-noncurrent-data-series", "housekeeping"} < set(ids)


def test_no_other_prefix_expires(dev: Stack) -> None:
    assert {prefix for prefix, rule in rules(dev).items() if "days" in rule.get("expiration", {})} == {
        "data/chunks/",
        "data/athena/",
        "logs/",
    }


def test_noncurrent_versions_expire_everywhere_but_of_bars(dev: Stack) -> None:
    days = {
        prefix: rule["noncurrentVersionExpiration"]
        for prefix, rule in rules(dev).items()
        if "noncurrentVersionExpiration" in rule
    }
    prefixes = {value for name, value in vars(layout).items() if name.isupper()} - {layout.DATA, layout.BARS}
    assert days == {prefix: {"noncurrentDays": 30} for prefix in prefixes}
    assert not [prefix for prefix in days if layout.BARS.startswith(prefix)]


def test_unfinished_uploads_expire_everywhere(dev: Stack) -> None:
    everywhere = rules(dev)[""]
    assert everywhere["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 1}
    assert everywhere["expiration"] == {"expiredObjectDeleteMarker": True}


def test_lifecycle_depends_on_versioning_and_logging_on_the_policy(dev: Stack) -> None:
    lifecycle = dev.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    policy = dev.one("aws:s3/bucketPolicy:BucketPolicy")
    assert dev.one("aws:s3/bucketVersioning:BucketVersioning").urn in lifecycle.depends_on
    assert dev.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").urn in policy.depends_on
    assert dev.one("aws:s3/bucketOwnershipControls:BucketOwnershipControls").urn in policy.depends_on
    assert policy.urn in dev.one("aws:s3/bucketLogging:BucketLogging").depends_on


def test_bucket_in_prod_is_not_emptied_by_destroy(dev: Stack, prod: Stack) -> None:
    assert dev.one("aws:s3/bucket:Bucket").inputs["forceDestroy"] is True
    assert prod.one("aws:s3/bucket:Bucket").inputs["forceDestroy"] is False


def test_bucket_policy_has_two_statements(dev: Stack) -> None:
    policy = json.loads(dev.one("aws:s3/bucketPolicy:BucketPolicy").inputs["policy"])
    assert [statement["Sid"] for statement in policy["Statement"]] == ["RefusePlainHttp", "AcceptAccessLogs"]
