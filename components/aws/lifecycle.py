"""Rules by which S3 deletes a bucket's objects in time."""

import pulumi_aws as aws

Rule = aws.s3.BucketLifecycleConfigurationRuleArgsDict

_NONCURRENT_DAYS = 30
EVERYTHING = ""
"""The prefix of all objects."""


def expire(prefix: str, days: int) -> Rule:
    """Return the rule by which objects under `prefix` expire after so many days."""
    return {
        "id": f"expire-{_slug(prefix)}",
        "status": "Enabled",
        "filter": {"prefix": prefix},
        "expiration": {"days": days},
    }


def expire_noncurrent(prefix: str) -> Rule:
    """Return the rule by which noncurrent versions under `prefix` expire 30 days after they became so."""
    return {
        "id": f"expire-noncurrent-{_slug(prefix)}",
        "status": "Enabled",
        "filter": {"prefix": prefix},
        "noncurrent_version_expiration": {"noncurrent_days": _NONCURRENT_DAYS},
    }


def housekeeping() -> Rule:
    """Return the rule by which what no reader can see is deleted: unfinished uploads, marks of deleted objects."""
    return {
        "id": "housekeeping",
        "status": "Enabled",
        "filter": {"prefix": EVERYTHING},
        "expiration": {"expired_object_delete_marker": True},
        "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
    }


def _slug(prefix: str) -> str:
    return prefix.strip("/").replace("/", "-") or "everything"
