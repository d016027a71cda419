"""Creates the program's resources in the emulator, as Pulumi's AWS provider would in AWS.

One module an AWS service. Each registers its creators when it is imported.
"""

from embedded.resources import (
    apigateway,
    apigatewayv2,
    athena,
    cloudwatch,
    dynamodb,
    eventbridge,
    glue,
    iam,
    lambda_,
    logs,
    s3,
    scheduler,
    secretsmanager,
    sns,
    sqs,
    stepfunctions,
)
from embedded.resources.creator import UnsupportedResourceError, create

__all__ = [
    "UnsupportedResourceError",
    "apigateway",
    "apigatewayv2",
    "athena",
    "cloudwatch",
    "create",
    "dynamodb",
    "eventbridge",
    "glue",
    "iam",
    "lambda_",
    "logs",
    "s3",
    "scheduler",
    "secretsmanager",
    "sns",
    "sqs",
    "stepfunctions",
]
