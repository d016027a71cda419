"""S3: the bucket, its settings, and the objects that are deployed with it."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pulumi

from embedded.account import REGION
from embedded.cloud import Cloud
from embedded.resources.creator import (
    Inputs,
    Outputs,
    UnsupportedResourceError,
    creates,
    pascal,
    pop_all,
    pop_tags,
    stable_name,
)

_SPELLING = {"id": "ID", "sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"}


@creates("aws:s3/bucket:Bucket", ignores={"forceDestroy": "nothing is destroyed before the emulator itself"})
def bucket(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    bucket_name = inputs.pop("bucket", None) or stable_name(name).lower()
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=bucket_name)
    if tags := pop_tags(inputs):
        s3.put_bucket_tagging(Bucket=bucket_name, Tagging={"TagSet": tags})
    return bucket_name, {
        "bucket": bucket_name,
        "arn": f"arn:aws:s3:::{bucket_name}",
        "bucketDomainName": f"{bucket_name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{bucket_name}.s3.{REGION}.amazonaws.com",
    }


@creates("aws:s3/bucketVersioning:BucketVersioning")
def versioning(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    bucket_name = inputs.pop("bucket")
    cloud.client("s3").put_bucket_versioning(
        Bucket=bucket_name, VersioningConfiguration=pascal(inputs.pop("versioningConfiguration"))
    )
    return bucket_name, {}


@creates("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
def encryption(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    bucket_name = inputs.pop("bucket")
    cloud.client("s3").put_bucket_encryption(
        Bucket=bucket_name, ServerSideEncryptionConfiguration={"Rules": pascal(inputs.pop("rules"), _SPELLING)}
    )
    return bucket_name, {}


@creates("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
def public_access_block(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    bucket_name = inputs.pop("bucket")
    cloud.client("s3").put_public_access_block(
        Bucket=bucket_name, PublicAccessBlockConfiguration=pascal(pop_all(inputs))
    )
    return bucket_name, {}


@creates("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
def ownership_controls(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    bucket_name = inputs.pop("bucket")
    cloud.client("s3").put_bucket_ownership_controls(
        Bucket=bucket_name, OwnershipControls={"Rules": [pascal(inputs.pop("rule"))]}
    )
    return bucket_name, {}


@creates("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
def lifecycle(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    bucket_name = inputs.pop("bucket")
    rules = [pascal(rule, _SPELLING) for rule in inputs.pop("rules")]
    for rule in rules:
        rule["Filter"] = rule.get("Filter") or {"Prefix": ""}
    cloud.client("s3").put_bucket_lifecycle_configuration(
        Bucket=bucket_name, LifecycleConfiguration={"Rules": rules}, **pascal(pop_all(inputs))
    )
    return bucket_name, {}


@creates("aws:s3/bucketLogging:BucketLogging")
def logging(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    bucket_name = inputs.pop("bucket")
    cloud.client("s3").put_bucket_logging(
        Bucket=bucket_name, BucketLoggingStatus={"LoggingEnabled": pascal(pop_all(inputs))}
    )
    return bucket_name, {}


@creates("aws:s3/bucketPolicy:BucketPolicy")
def policy(cloud: Cloud, _name: str, inputs: Inputs) -> tuple[str, Outputs]:
    bucket_name = inputs.pop("bucket")
    document = _without_tls_demand(json.loads(inputs.pop("policy")))
    if document["Statement"]:
        cloud.client("s3").put_bucket_policy(Bucket=bucket_name, Policy=json.dumps(document))
    else:
        cloud.client("s3").delete_bucket_policy(Bucket=bucket_name)
    return bucket_name, {}


def _without_tls_demand(document: dict[str, Any]) -> dict[str, Any]:
    """Omit the statement that denies plain HTTP, the only protocol of the emulator, which is on loopback."""
    demand = {"Bool": {"aws:SecureTransport": "false"}}
    kept = [statement for statement in document["Statement"] if statement.get("Condition") != demand]
    return document | {"Statement": kept}


@creates(
    "aws:s3/bucketObjectv2:BucketObjectv2",
    ignores={"sourceHash": "it only tells Pulumi when to upload anew", "forceDestroy": "nothing is destroyed"},
)
def bucket_object(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    source = inputs.pop("source")
    if not isinstance(source, pulumi.FileAsset):
        raise UnsupportedResourceError(f"the source of {name} is a {type(source).__name__}; a FileAsset was expected")
    key, tags = inputs.pop("key"), urlencode(inputs.pop("tags", {}))
    stored = cloud.client("s3").put_object(
        Bucket=inputs.pop("bucket"),
        Key=key,
        Body=Path(source.path).read_bytes(),
        Tagging=tags,
        **pascal(pop_all(inputs)),
    )
    return key, {"key": key, "etag": stored["ETag"].strip('"'), "versionId": stored.get("VersionId", "")}
