"""Errors: which are retryable, and that the state machine knows the others by their one name."""

import pytest

from components.aws.state_machine_definition import LAMBDA_RETRY
from tickfold.errors import NOT_RETRYABLE, RunError, StrategyFailedError, TickfoldError, is_retryable
from tickfold.protocol import RequestError
from tickfold.storage.dynamodb import ConditionFailedError


class _OwnError(RunError):
    pass


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (RunError("no bars"), False),
        (StrategyFailedError("failed"), False),
        (RequestError("invalid", "invalid", None), False),
        (_OwnError("any subclass"), False),
        (ConditionFailedError(frozenset({0})), True),
        (TickfoldError(), True),
        (MemoryError(), True),
        (OSError("no network"), True),
        (ValueError("a bug"), True),
    ],
)
def test_retryability_is_that_of_the_class(error: Exception, retryable: bool) -> None:
    assert is_retryable(error) is retryable


def test_code_of_an_error_is_invalid_unless_it_says_another() -> None:
    assert RunError("x").code == "invalid"
    assert RunError("x", "limit").code == "limit"


def test_the_state_machine_never_retries_that_name() -> None:
    assert LAMBDA_RETRY[0] == {"ErrorEquals": [NOT_RETRYABLE], "MaxAttempts": 0}
    assert RunError.__name__ == NOT_RETRYABLE
