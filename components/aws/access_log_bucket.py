"""A private S3 bucket for the access logs of another: in that one, delivering logs would be logged in turn."""

import pulumi

from components.aws.lifecycle import EVERYTHING, expire, expire_noncurrent
from components.aws.private_bucket import PrivateBucket


class AccessLogBucket(PrivateBucket):
    """The bucket. Accesses to it are not logged."""

    prefix = "s3/"
    """What the keys of the logs begin with."""

    def __init__(
        self,
        name: str,
        *,
        source: PrivateBucket,
        days: int,
        protect: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the bucket, which accepts the logs of `source` and keeps them so many days.

        With `protect` Pulumi neither deletes nor empties it, nor takes away what guards it.
        """
        super().__init__(
            "tickfold:aws:AccessLogBucket",
            name,
            rules=[expire(EVERYTHING, days), expire_noncurrent(EVERYTHING)],
            allow=lambda: [
                {
                    "Sid": "AcceptAccessLogs",
                    "Effect": "Allow",
                    "Principal": {"Service": "logging.s3.amazonaws.com"},
                    "Action": "s3:PutObject",
                    "Resource": self.objects(self.prefix),
                    "Condition": {"ArnEquals": {"aws:SourceArn": source.bucket.arn}},
                }
            ],
            protect=protect,
            opts=opts,
        )
