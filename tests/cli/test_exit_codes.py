"""Exit codes: one for each kind of end, whatever the command."""

import pytest
from botocore import exceptions as aws

from tests.cli.conftest import Command
from tickfold.cli.checkout import CheckoutError
from tickfold.cli.download import SaveError
from tickfold.cli.exit_codes import ExitCode, UsageError, exit_code
from tickfold.cli.target import TargetError
from tickfold.client.errors import (
    RefusedError,
    RunCancelledError,
    RunFailedError,
    RunTimeoutError,
    UnauthorizedError,
    UnreachableError,
)
from tickfold.errors import RunError

DENIED = {"Error": {"Code": "AccessDenied", "Message": "not yours"}}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("--capital -5"), 2),
        (RefusedError("limit", "too many runs"), 3),
        (UnauthorizedError("the token has expired"), 3),
        (RunError("unknown symbol"), 3),
        (aws.ClientError(DENIED, "GetObject"), 3),  # type: ignore[arg-type]
        (RunFailedError("no bars", "r1", "plan"), 4),
        (RunCancelledError("r1"), 4),
        (UnreachableError("no answer"), 5),
        (TargetError("no stack is running"), 5),
        (CheckoutError("needs a checkout"), 5),
        (aws.EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), 5),
        (aws.ConnectTimeoutError(endpoint_url="http://10.0.0.1"), 5),
        (aws.ReadTimeoutError(endpoint_url="http://10.0.0.1"), 5),
        (aws.NoCredentialsError(), 5),
        (aws.NoRegionError(), 5),
        (RunTimeoutError(5, "r1"), 6),
        (SaveError("no space left"), 1),
        (RunError("unexpected answer", "internal"), 1),
        (FileNotFoundError(2, "No such file"), 1),
        (ZeroDivisionError(), 1),
        (aws.DataNotFoundError(data_path="x"), 1),
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(), 141),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_error_has_the_exit_code_of_its_kind(error: BaseException, code: int) -> None:
    assert exit_code(error) == code


def test_help_lists_every_exit_code(tickfold: Command) -> None:
    shown = " ".join(tickfold("--help").stdout.split())
    listed = ", ".join(f"{code.value} {code.label}" for code in ExitCode)
    assert f"Exit codes: {listed}." in shown


def test_every_code_has_a_meaning_of_its_own() -> None:
    assert len({code.meaning for code in ExitCode}) == len({int(code) for code in ExitCode}) == len(ExitCode)
