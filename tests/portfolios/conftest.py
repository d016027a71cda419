from tests.aws import aws, connections, dynamodb

__all__ = ["aws", "connections", "dynamodb"]
