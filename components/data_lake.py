"""The data lake's bucket: bars, chunks, results, query results, packages and access logs, private and encrypted."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.grant import Grant, Statement
from functions import settings
from tickfold.storage import layout

_LIFETIMES = {layout.CHUNKS: 7, layout.ATHENA: 7, layout.LOGS: 90}
"""Days after which what lies under a prefix is deleted. Everything else is kept."""

_NONCURRENT_DAYS = 30


class DataLake(pulumi.ComponentResource):
    """The bucket with everything that keeps it safe and small."""

    bucket: aws.s3.Bucket
    bucket_name: pulumi.Output[str]

    def __init__(self, name: str, *, protect: bool, opts: pulumi.ResourceOptions | None = None) -> None:
        """Create the bucket. With `protect` neither Pulumi nor an emptying `destroy` can delete it."""
        super().__init__("tickfold:index:DataLake", name, None, opts)
        self._name = name
        self.bucket = self._create_bucket(protect)
        self.bucket_name = self.bucket.bucket
        versioning = self._keep_versions()
        self._encrypt()
        policy = self._set_policy(after=[self._own_every_object(), self._block_public_access()])
        self._expire(after=versioning)
        self._log_access(after=policy)
        self.register_outputs({"bucket_name": self.bucket_name})

    def may_read(self, prefix: str) -> Grant:
        """Grant reading the current version of the objects under `prefix`."""
        return self._grant(Statement(["s3:GetObject"], [self._objects(prefix)]))

    def may_read_versions(self, prefix: str) -> Grant:
        """Grant reading the objects under `prefix` by version id."""
        return self._grant(Statement(["s3:GetObjectVersion"], [self._objects(prefix)]))

    def may_write(self, prefix: str) -> Grant:
        """Grant writing objects under `prefix`."""
        return self._grant(Statement(["s3:PutObject"], [self._objects(prefix)]))

    def may_list(self, prefix: str) -> Grant:
        """Grant listing the keys that begin with `prefix`."""
        only = {"StringLike": {"s3:prefix": f"{prefix}*"}}
        return self._grant(Statement(["s3:ListBucket"], [self.bucket.arn], only))

    def _grant(self, statement: Statement) -> Grant:
        return Grant([statement], {settings.BUCKET: self.bucket_name})

    def _objects(self, prefix: str) -> pulumi.Output[str]:
        return pulumi.Output.concat(self.bucket.arn, "/", prefix, "*")

    def _create_bucket(self, protect: bool) -> aws.s3.Bucket:
        return aws.s3.Bucket(
            f"{self._name}-bucket",
            force_destroy=not protect,
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )

    def _keep_versions(self) -> aws.s3.BucketVersioning:
        return aws.s3.BucketVersioning(
            f"{self._name}-versioning",
            bucket=self.bucket_name,
            versioning_configuration={"status": "Enabled"},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _encrypt(self) -> None:
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=self.bucket_name,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _own_every_object(self) -> aws.s3.BucketOwnershipControls:
        return aws.s3.BucketOwnershipControls(
            f"{self._name}-ownership",
            bucket=self.bucket_name,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _block_public_access(self) -> aws.s3.BucketPublicAccessBlock:
        return aws.s3.BucketPublicAccessBlock(
            f"{self._name}-public-access",
            bucket=self.bucket_name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _set_policy(self, after: Sequence[pulumi.Resource]) -> aws.s3.BucketPolicy:
        everything = [self.bucket.arn, pulumi.Output.concat(self.bucket.arn, "/*")]
        refuse_plain_http = {
            "Sid": "RefusePlainHttp",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": everything,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        accept_access_logs = {
            "Sid": "AcceptAccessLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": self._objects(layout.LOGS),
            "Condition": {"ArnEquals": {"aws:SourceArn": self.bucket.arn}},
        }
        return aws.s3.BucketPolicy(
            f"{self._name}-policy",
            bucket=self.bucket_name,
            policy=pulumi.Output.json_dumps(
                {"Version": "2012-10-17", "Statement": [refuse_plain_http, accept_access_logs]}
            ),
            # S3 refuses two changes of a bucket's access at the same time.
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )

    def _expire(self, after: pulumi.Resource) -> None:
        expirations: list[aws.s3.BucketLifecycleConfigurationRuleArgsDict] = [
            {
                "id": f"expire-{prefix.strip('/').replace('/', '-')}",
                "status": "Enabled",
                "filter": {"prefix": prefix},
                "expiration": {"days": days},
            }
            for prefix, days in _LIFETIMES.items()
        ]
        housekeeping: aws.s3.BucketLifecycleConfigurationRuleArgsDict = {
            "id": "housekeeping",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "expiration": {"expired_object_delete_marker": True},
            "noncurrent_version_expiration": {"noncurrent_days": _NONCURRENT_DAYS},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
        }
        aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=self.bucket_name,
            rules=[*expirations, housekeeping],
            # Rules for noncurrent versions need versioning to be on.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[after]),
        )

    def _log_access(self, after: pulumi.Resource) -> None:
        # Into the bucket itself: the few lines about delivered logs are worth less than a second bucket to look after.
        aws.s3.BucketLogging(
            f"{self._name}-access-logs",
            bucket=self.bucket_name,
            target_bucket=self.bucket_name,
            target_prefix=layout.LOGS,
            # Logs can be delivered only once the policy accepts them.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[after]),
        )
