"""Reads an Amazon States Language file and fills its ${Placeholders}. The file is valid JSON before and after."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tickfold.errors import NOT_RETRYABLE, WAITED_FOR

_MOST_RETRIES = 8_000
"""Each adds three events to an execution's history, which may have 25,000. At 30 s each on average they last longer
than an execution may, so that its TimeoutSeconds ends the wait."""

LAMBDA_RETRY: list[dict[str, Any]] = [
    {"ErrorEquals": [NOT_RETRYABLE], "MaxAttempts": 0},
    # Nothing is wrong: others use the concurrency that there is, and will have done with it.
    {
        "ErrorEquals": ["Lambda.TooManyRequestsException", WAITED_FOR],
        "IntervalSeconds": 1,
        "BackoffRate": 2,
        "MaxDelaySeconds": 60,
        "MaxAttempts": _MOST_RETRIES,
        "JitterStrategy": "FULL",
    },
    {
        "ErrorEquals": [
            "Lambda.ClientExecutionTimeoutException",
            "Lambda.ServiceException",
            "Lambda.AWSLambdaException",
            "Lambda.SdkClientException",
        ],
        "IntervalSeconds": 1,
        "BackoffRate": 2,
        "MaxDelaySeconds": 15,
        "MaxAttempts": 6,
        "JitterStrategy": "FULL",
    },
    # States.TaskFailed matches every error of a task, so it comes last.
    {
        "ErrorEquals": ["States.TaskFailed", "States.Timeout"],
        "IntervalSeconds": 2,
        "BackoffRate": 2,
        "MaxDelaySeconds": 15,
        "MaxAttempts": 2,
        "JitterStrategy": "FULL",
    },
]
"""How a task that invokes a Lambda function is retried: ${LambdaRetry} of a definition.

Throttling is waited for; other errors of Lambda itself are retried longer than those of the function.
"""

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


class PlaceholderError(Exception):
    """A definition's placeholders and the values for them do not match; the message names those that do not."""


def read_definition(path: Path) -> dict[str, Any]:
    """Read a definition with its placeholders."""
    definition: dict[str, Any] = json.loads(path.read_text())
    return definition


def fill(definition: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `definition` with its placeholders replaced by `values`.

    A string that is nothing but a placeholder becomes the value itself, whatever its type: "${MaxConcurrency}" becomes
    a number, "${LambdaRetry}" a list.

    Raises:
        PlaceholderError: a placeholder has no value, or a value no placeholder.
    """
    placeholders = set(_PLACEHOLDER.findall(json.dumps(definition)))
    if placeholders != values.keys():
        missing, unused = sorted(placeholders - values.keys()), sorted(values.keys() - placeholders)
        raise PlaceholderError(f"placeholders without a value: {missing}; values without a placeholder: {unused}")
    filled: dict[str, Any] = _fill(definition, values)
    return filled


def _fill(part: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(part, Mapping):
        return {key: _fill(value, values) for key, value in part.items()}
    if isinstance(part, list):
        return [_fill(value, values) for value in part]
    if not isinstance(part, str):
        return part
    whole = _PLACEHOLDER.fullmatch(part)
    return values[whole[1]] if whole else _PLACEHOLDER.sub(lambda found: str(values[found[1]]), part)
