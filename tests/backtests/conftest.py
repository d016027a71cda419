"""The fixtures of this folder: AWS in this process."""

from tests.aws import aws, bucket, connections, dynamodb, runs

__all__ = ["aws", "bucket", "connections", "dynamodb", "runs"]
