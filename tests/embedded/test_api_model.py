"""Parameters of API calls are held to the service's own model."""

import re
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from embedded.cloud import Cloud

NOWHERE = Cloud("http://127.0.0.1:9", strict=True)
GROUP = {"logGroupName": "/aws/lambda/tickfold-dev-plan"}


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        ("logs", "put_retention_policy", {"logGroupName": "what?", "retentionInDays": 7}, "logGroupName is 'what?'"),
        ("logs", "create_log_group", {"logGroupName": "a" * 513}, "logGroupName has 513 characters; allowed: 1 to 512"),
        ("logs", "create_log_group", GROUP | {"tags": {}}, "tags has 0 entries; allowed: 1 to 50"),
        ("logs", "create_log_group", GROUP | {"logGroupClass": "CHEAP"}, "allowed: STANDARD"),
        (
            "lambda",
            "put_function_concurrency",
            {"FunctionName": "f", "ReservedConcurrentExecutions": -1},
            "ReservedConcurrentExecutions is -1; allowed: 0 to",
        ),
        (
            "dynamodb",
            "create_table",
            {
                "TableName": "runs",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "TEXT"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            },
            "AttributeDefinitions[0].AttributeType is 'TEXT'; allowed: S, N, B",
        ),
    ],
)
def test_parameter_that_the_model_does_not_allow_is_refused(
    service: str, operation: str, parameters: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ParamValidationError, match=re.escape(expected)):
        getattr(NOWHERE.client(service), operation)(**parameters)
