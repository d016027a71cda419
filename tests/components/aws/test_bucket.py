"""The lake's bucket and that of its access logs: private, encrypted, versioned, with lifecycle rules."""

import json
from typing import Any

import pytest

from tests.components.capture import Stack
from tickfold.storage import layout

BUCKETS = {"lake": "tickfold-dev-lake-1a2b3c4", "logs": "tickfold-dev-logs-1a2b3c4"}
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
GUARDS: dict[str, dict[str, object]] = {
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
}


@pytest.mark.parametrize("token", GUARDS)
@pytest.mark.parametrize("name", BUCKETS)
def test_bucket_is_encrypted_versioned_and_private(dev: Stack, name: str, token: str) -> None:
    (guard,) = [found for found in dev.of(token) if found.inputs["bucket"] == BUCKETS[name]]
    assert guard.inputs == {"bucket": BUCKETS[name], **GUARDS[token]}


def test_accesses_to_the_lake_are_logged_elsewhere_so_that_delivery_is_not_logged(dev: Stack) -> None:
    logging = dev.one("aws:s3/bucketLogging:BucketLogging").inputs
    assert logging == {"bucket": BUCKETS["lake"], "targetBucket": BUCKETS["logs"], "targetPrefix": "s3/"}


def rules(stack: Stack, bucket: str = "lake") -> dict[str, dict[str, Any]]:
    lifecycle = stack.one(LIFECYCLE, f"{bucket}-lifecycle")
    assert all(rule["status"] == "Enabled" for rule in lifecycle.inputs["rules"])
    found: dict[str, dict[str, Any]] = {}
    for rule in lifecycle.inputs["rules"]:
        found.setdefault(rule["filter"]["prefix"], {}).update(rule)
    return found


def rule_ids(stack: Stack) -> list[str]:
    lifecycle = stack.one(LIFECYCLE, "lake-lifecycle")
    return [rule["id"] for rule in lifecycle.inputs["rules"]]


@pytest.mark.parametrize(("prefix", "days"), [("data/chunks/", 7), ("data/athena/", 7), ("logs/", 90)])
def test_temporary_prefix_expires(dev: Stack, prefix: str, days: int) -> None:
    assert rules(dev)[prefix]["expiration"] == {"days": days}


def test_access_logs_expire_and_their_versions_after_them(dev: Stack) -> None:
    lifecycle = dev.one(LIFECYCLE, "logs-lifecycle").inputs["rules"]
    (days,) = [rule["expiration"]["days"] for rule in lifecycle if "days" in rule.get("expiration", {})]
    (noncurrent,) = [rule["noncurrentVersionExpiration"] for rule in lifecycle if "noncurrentVersionExpiration" in rule]
    assert (days, noncurrent) == (90, {"noncurrentDays": 30})
    assert {rule["filter"]["prefix"] for rule in lifecycle} == {""}
    assert len({rule["id"] for rule in lifecycle}) == len(lifecycle) == 3


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
    tops = {each for each in prefixes if not any(each != top and each.startswith(top) for top in prefixes)}
    assert days == {prefix: {"noncurrentDays": 30} for prefix in tops}
    assert not [prefix for prefix in days if layout.BARS.startswith(prefix)]


def test_unfinished_uploads_expire_everywhere(dev: Stack) -> None:
    everywhere = rules(dev)[""]
    assert everywhere["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 1}
    assert everywhere["expiration"] == {"expiredObjectDeleteMarker": True}


@pytest.mark.parametrize("name", BUCKETS)
def test_lifecycle_depends_on_versioning_and_the_policy_on_the_settings_of_access(dev: Stack, name: str) -> None:
    policy = dev.one("aws:s3/bucketPolicy:BucketPolicy", f"{name}-policy")
    lifecycle = dev.one(LIFECYCLE, f"{name}-lifecycle")
    assert dev.one("aws:s3/bucketVersioning:BucketVersioning", f"{name}-versioning").urn in lifecycle.depends_on
    for token in ("PublicAccessBlock", "OwnershipControls"):
        (setting,) = [
            found.urn
            for found in dev.of(f"aws:s3/bucket{token}:Bucket{token}")
            if found.inputs["bucket"] == BUCKETS[name]
        ]
        assert setting in policy.depends_on


def test_logging_depends_on_the_policy_that_accepts_the_logs(dev: Stack) -> None:
    policy = dev.one("aws:s3/bucketPolicy:BucketPolicy", "logs-policy")
    assert policy.urn in dev.one("aws:s3/bucketLogging:BucketLogging").depends_on


@pytest.mark.parametrize("name", BUCKETS)
def test_bucket_in_prod_is_not_emptied_by_destroy(dev: Stack, prod: Stack, name: str) -> None:
    assert dev.one("aws:s3/bucket:Bucket", name).inputs["forceDestroy"] is True
    assert prod.one("aws:s3/bucket:Bucket", name).inputs["forceDestroy"] is False


@pytest.mark.parametrize(("name", "more"), [("lake", []), ("logs", ["AcceptAccessLogs"])])
def test_bucket_policy_has_these_statements(dev: Stack, name: str, more: list[str]) -> None:
    policy = json.loads(dev.one("aws:s3/bucketPolicy:BucketPolicy", f"{name}-policy").inputs["policy"])
    assert [statement["Sid"] for statement in policy["Statement"]] == ["RefusePlainHttp", *more]
