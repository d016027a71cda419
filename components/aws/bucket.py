"""An S3 bucket: private, encrypted, versioned, with access logs, and with lifetimes by prefix."""

from collections.abc import Collection, Mapping, Sequence

import pulumi
import pulumi_aws as aws

from components.aws.grant import Grant, Statement

_NONCURRENT_DAYS = 30


class Bucket(pulumi.ComponentResource):
    """The bucket. `variable` is the environment variable that tells a function its name."""

    bucket: aws.s3.Bucket
    bucket_name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        lifetimes: Mapping[str, int],
        superseded: Collection[str],
        logs: str,
        variable: str,
        protect: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the bucket. With `protect` Pulumi neither deletes nor empties it, nor takes away what guards it.

        Objects under a prefix of `lifetimes` expire after so many days; all others are kept. Noncurrent versions under
        the prefixes `superseded` expire 30 days after they were replaced or deleted; all others are kept, since readers
        may name them. Access is logged under the prefix `logs` of the bucket itself.
        """
        super().__init__("tickfold:aws:Bucket", name, None, opts)
        self._name = name
        self._variable = variable
        self._protect = protect
        self.bucket = self._create_bucket()
        self.bucket_name = self.bucket.bucket
        versioning = self._enable_versioning()
        self._enable_encryption()
        policy = self._create_policy(logs, after=[self._disable_acls(), self._block_public_access()])
        self._create_lifecycle(lifetimes, superseded, after=versioning)
        self._enable_access_logs(logs, after=policy)
        self.register_outputs({"bucket_name": self.bucket_name})

    def may_read(self, prefix: str) -> Grant:
        """Grant reads of the current version of the objects under `prefix`."""
        return self._grant(Statement(["s3:GetObject"], [self._objects(prefix)]))

    def may_read_versions(self, prefix: str) -> Grant:
        """Grant reads of the objects under `prefix` by version id."""
        return self._grant(Statement(["s3:GetObjectVersion"], [self._objects(prefix)]))

    def may_write(self, prefix: str) -> Grant:
        """Grant writes of objects under `prefix`."""
        return self._grant(Statement(["s3:PutObject"], [self._objects(prefix)]))

    def may_list(self, prefix: str) -> Grant:
        """Grant listing the keys that begin with `prefix`."""
        only = {"StringLike": {"s3:prefix": f"{prefix}*"}}
        return self._grant(Statement(["s3:ListBucket"], [self.bucket.arn], only))

    def _grant(self, statement: Statement) -> Grant:
        return Grant([statement], {self._variable: self.bucket_name})

    def _objects(self, prefix: str) -> pulumi.Output[str]:
        return pulumi.Output.concat(self.bucket.arn, "/", prefix, "*")

    def _create_bucket(self) -> aws.s3.Bucket:
        return aws.s3.Bucket(
            # Pulumi makes the physical name, which must be unique in the world, of this one.
            self._name,
            force_destroy=not self._protect,
            opts=self._guard(),
        )

    def _guard(self, after: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        """Return the options of the bucket and of whatever guards it: kept data must not lose its protection."""
        return pulumi.ResourceOptions(parent=self, protect=self._protect, depends_on=after)

    def _enable_versioning(self) -> aws.s3.BucketVersioning:
        return aws.s3.BucketVersioning(
            f"{self._name}-versioning",
            bucket=self.bucket_name,
            versioning_configuration={"status": "Enabled"},
            opts=self._guard(),
        )

    def _enable_encryption(self) -> None:
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=self.bucket_name,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=self._guard(),
        )

    def _disable_acls(self) -> aws.s3.BucketOwnershipControls:
        return aws.s3.BucketOwnershipControls(
            f"{self._name}-ownership",
            bucket=self.bucket_name,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=self._guard(),
        )

    def _block_public_access(self) -> aws.s3.BucketPublicAccessBlock:
        return aws.s3.BucketPublicAccessBlock(
            f"{self._name}-public-access",
            bucket=self.bucket_name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._guard(),
        )

    def _create_policy(self, logs: str, after: Sequence[pulumi.Resource]) -> aws.s3.BucketPolicy:
        refuse_plain_http = {
            "Sid": "RefusePlainHttp",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [self.bucket.arn, pulumi.Output.concat(self.bucket.arn, "/*")],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        accept_access_logs = {
            "Sid": "AcceptAccessLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": self._objects(logs),
            "Condition": {"ArnEquals": {"aws:SourceArn": self.bucket.arn}},
        }
        return aws.s3.BucketPolicy(
            f"{self._name}-policy",
            bucket=self.bucket_name,
            policy=pulumi.Output.json_dumps(
                {"Version": "2012-10-17", "Statement": [refuse_plain_http, accept_access_logs]}
            ),
            # S3 refuses two simultaneous changes of a bucket's access.
            opts=self._guard(after),
        )

    def _create_lifecycle(
        self, lifetimes: Mapping[str, int], superseded: Collection[str], after: pulumi.Resource
    ) -> None:
        aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=self.bucket_name,
            rules=[
                *(_expiration(prefix, days) for prefix, days in lifetimes.items()),
                *(_noncurrent_expiration(prefix) for prefix in superseded),
                _housekeeping(),
            ],
            # Rules for noncurrent versions need versioning.
            opts=self._guard([after]),
        )

    def _enable_access_logs(self, logs: str, after: pulumi.Resource) -> None:
        # Into the bucket itself: that delivering logs is logged too costs less than a second bucket.
        aws.s3.BucketLogging(
            f"{self._name}-access-logs",
            bucket=self.bucket_name,
            target_bucket=self.bucket_name,
            target_prefix=logs,
            # S3 delivers logs only once the policy allows it.
            opts=self._guard([after]),
        )


def _expiration(prefix: str, days: int) -> aws.s3.BucketLifecycleConfigurationRuleArgsDict:
    return {
        "id": f"expire-{_slug(prefix)}",
        "status": "Enabled",
        "filter": {"prefix": prefix},
        "expiration": {"days": days},
    }


def _noncurrent_expiration(prefix: str) -> aws.s3.BucketLifecycleConfigurationRuleArgsDict:
    return {
        "id": f"expire-noncurrent-{_slug(prefix)}",
        "status": "Enabled",
        "filter": {"prefix": prefix},
        "noncurrent_version_expiration": {"noncurrent_days": _NONCURRENT_DAYS},
    }


def _slug(prefix: str) -> str:
    return prefix.strip("/").replace("/", "-")


def _housekeeping() -> aws.s3.BucketLifecycleConfigurationRuleArgsDict:
    return {
        "id": "housekeeping",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "expiration": {"expired_object_delete_marker": True},
        "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
    }
