"""The fixtures of this folder: AWS in this process."""

from tests.aws import aws, dynamodb, runs

__all__ = ["aws", "dynamodb", "runs"]
