"""An S3 bucket that its account alone reaches: encrypted, versioned, without ACLs, by HTTPS only."""

from collections.abc import Callable, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.lifecycle import Rule, housekeeping


class PrivateBucket(pulumi.ComponentResource):
    """The bucket and what guards it. A subclass says what it is for."""

    bucket: aws.s3.Bucket
    bucket_name: pulumi.Output[str]

    def __init__(
        self,
        token: str,
        name: str,
        *,
        rules: Sequence[Rule],
        allow: Callable[[], Sequence[dict[str, Any]]] = tuple,
        protect: bool,
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        """Create the bucket. With `protect` Pulumi neither deletes nor empties it, nor takes away what guards it.

        Objects expire by `rules`; `allow` returns what the bucket's policy allows, once `bucket` is known.
        """
        super().__init__(token, name, None, opts)
        self._name = name
        self._protect = protect
        self.bucket = self._create_bucket()
        self.bucket_name = self.bucket.bucket
        versioning = self._enable_versioning()
        self._enable_encryption()
        self.policy = self._create_policy(allow(), after=[self._disable_acls(), self._block_public_access()])
        self._create_lifecycle([*rules, housekeeping()], after=versioning)
        self.register_outputs({"bucket_name": self.bucket_name})

    def objects(self, prefix: str) -> pulumi.Output[str]:
        """Return the ARN of all objects under `prefix`."""
        return pulumi.Output.concat(self.bucket.arn, "/", prefix, "*")

    def guard(self, after: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        """Return the options of the bucket and of whatever guards it: kept data must not lose its protection."""
        return pulumi.ResourceOptions(parent=self, protect=self._protect, depends_on=after)

    def _create_bucket(self) -> aws.s3.Bucket:
        return aws.s3.Bucket(
            # Pulumi makes the physical name, which must be unique in the world, of this one.
            self._name,
            force_destroy=not self._protect,
            opts=self.guard(),
        )

    def _enable_versioning(self) -> aws.s3.BucketVersioning:
        return aws.s3.BucketVersioning(
            f"{self._name}-versioning",
            bucket=self.bucket_name,
            versioning_configuration={"status": "Enabled"},
            opts=self.guard(),
        )

    def _enable_encryption(self) -> None:
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=self.bucket_name,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=self.guard(),
        )

    def _disable_acls(self) -> aws.s3.BucketOwnershipControls:
        return aws.s3.BucketOwnershipControls(
            f"{self._name}-ownership",
            bucket=self.bucket_name,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=self.guard(),
        )

    def _block_public_access(self) -> aws.s3.BucketPublicAccessBlock:
        return aws.s3.BucketPublicAccessBlock(
            f"{self._name}-public-access",
            bucket=self.bucket_name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self.guard(),
        )

    def _create_policy(
        self, allowed: Sequence[dict[str, Any]], after: Sequence[pulumi.Resource]
    ) -> aws.s3.BucketPolicy:
        refuse_plain_http = {
            "Sid": "RefusePlainHttp",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [self.bucket.arn, self.objects("")],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        return aws.s3.BucketPolicy(
            f"{self._name}-policy",
            bucket=self.bucket_name,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [refuse_plain_http, *allowed]}),
            # S3 refuses two simultaneous changes of a bucket's access.
            opts=self.guard(after),
        )

    def _create_lifecycle(self, rules: Sequence[Rule], after: pulumi.Resource) -> None:
        aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=self.bucket_name,
            rules=[*rules],
            # Rules for noncurrent versions need versioning.
            opts=self.guard([after]),
        )
