from tests.aws import aws, bucket, connections, dynamodb

__all__ = ["aws", "bucket", "connections", "dynamodb"]
