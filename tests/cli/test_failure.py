"""Failures as one line, with what to do."""

import pytest
from botocore import exceptions as aws

from tickfold.cli.failure import explain, report
from tickfold.errors import RunError

REFUSAL = {"Error": {"Code": "AccessDenied", "Message": "not yours"}}


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RunError("too few bars"), "too few bars"),
        (FileNotFoundError(2, "No such file or directory", "a.csv"), "a.csv: No such file or directory"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (
            aws.NoCredentialsError(),
            "no AWS credentials: sign in, or set AWS_PROFILE, or use the embedded stack (`tickfold up`)",
        ),
        (
            aws.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
            "no AWS credentials: sign in, or set AWS_PROFILE, or use the embedded stack (`tickfold up`)",
        ),
        (
            aws.NoRegionError(),
            "no AWS region: set TICKFOLD_REGION or AWS_REGION, or name the stack by --stack-outputs",
        ),
        (
            aws.EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
            'Could not connect to the endpoint URL: "http://127.0.0.1:1" Is the stack up?',
        ),
        (
            aws.ConnectTimeoutError(endpoint_url="http://10.0.0.1"),
            'Connect timeout on endpoint URL: "http://10.0.0.1" Is the stack up?',
        ),
        (aws.ClientError(REFUSAL, "GetObject"), "AWS refused GetObject: AccessDenied: not yours"),  # type: ignore[arg-type]
        (aws.DataNotFoundError(data_path="x"), "AWS call failed: Unable to load data for: x"),
        (
            ZeroDivisionError("division by zero"),
            "unexpected ZeroDivisionError: division by zero "
            "(a bug in Tickfold; set TICKFOLD_TRACEBACK=1 for the stack trace)",
        ),
        (
            OSError("odd"),
            "unexpected OSError: odd (a bug in Tickfold; set TICKFOLD_TRACEBACK=1 for the stack trace)",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_failure_says_what_went_wrong_and_what_to_do(error: Exception, text: str) -> None:
    assert explain(error) == text


def test_report_is_one_line_on_stderr_without_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    report(RunError("bad \x1b[2Jsymbol [bold]X[/bold]"))
    assert tuple(capsys.readouterr()) == ("", "tickfold: bad \N{REPLACEMENT CHARACTER}[2Jsymbol [bold]X[/bold]\n")
