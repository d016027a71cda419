"""A private S3 bucket that functions read and write, with lifetimes by prefix and a log of each access."""

from collections.abc import Collection, Mapping

import pulumi
import pulumi_aws as aws

from components.aws.access_log_bucket import AccessLogBucket
from components.aws.grant import Grant, Statement
from components.aws.lifecycle import expire, expire_noncurrent
from components.aws.private_bucket import PrivateBucket


class Bucket(PrivateBucket):
    """The bucket. `variable` is the environment variable that tells a function its name."""

    def __init__(
        self,
        name: str,
        *,
        lifetimes: Mapping[str, int],
        superseded: Collection[str],
        variable: str,
        protect: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the bucket. With `protect` Pulumi neither deletes nor empties it, nor takes away what guards it.

        Objects under a prefix of `lifetimes` expire after so many days; all others are kept. Noncurrent versions under
        the prefixes `superseded` expire 30 days after they were replaced or deleted; all others are kept, since readers
        may name them.
        """
        rules = [expire(prefix, days) for prefix, days in lifetimes.items()]
        rules += [expire_noncurrent(prefix) for prefix in superseded]
        super().__init__("tickfold:aws:Bucket", name, rules=rules, protect=protect, opts=opts)
        self._variable = variable

    def log_accesses(self, to: AccessLogBucket) -> None:
        """Let S3 write a log of each access into a bucket that accepts this one's."""
        aws.s3.BucketLogging(
            f"{self._name}-access-logs",
            bucket=self.bucket_name,
            target_bucket=to.bucket_name,
            target_prefix=to.prefix,
            # S3 delivers logs only once the policy allows it.
            opts=self.guard([to.policy]),
        )

    def may_read(self, prefix: str) -> Grant:
        """Grant reads of the current version of the objects under `prefix`."""
        return self._grant(Statement(["s3:GetObject"], [self.objects(prefix)]))

    def may_read_versions(self, prefix: str) -> Grant:
        """Grant reads of the objects under `prefix` by version id."""
        return self._grant(Statement(["s3:GetObjectVersion"], [self.objects(prefix)]))

    def may_write(self, prefix: str) -> Grant:
        """Grant writes of objects under `prefix`."""
        return self._grant(Statement(["s3:PutObject"], [self.objects(prefix)]))

    def may_list(self, prefix: str) -> Grant:
        """Grant listing the keys that begin with `prefix`."""
        only = {"StringLike": {"s3:prefix": f"{prefix}*"}}
        return self._grant(Statement(["s3:ListBucket"], [self.bucket.arn], only))

    def _grant(self, statement: Statement) -> Grant:
        return Grant([statement], {self._variable: self.bucket_name})
