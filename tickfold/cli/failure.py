"""Failures as one clear message on stderr, without a stack trace."""

import os
import sys
import traceback

from tickfold.cli.console import note
from tickfold.errors import RunError

TRACEBACK = "TICKFOLD_TRACEBACK"


def report(error: Exception) -> None:
    """Write the message on stderr, after a stack trace if TICKFOLD_TRACEBACK is set."""
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error, file=sys.stderr)
    note(f"tickfold: {explain(error)}")


def explain(error: Exception) -> str:
    """Return what went wrong, and what to do about it if that is known."""
    if isinstance(error, RunError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return _explain_aws(error) or (
        f"unexpected {type(error).__name__}: {error} (a bug in Tickfold; set {TRACEBACK}=1 for the stack trace)"
    )


def _explain_aws(error: Exception) -> str | None:
    from botocore import exceptions as aws  # noqa: PLC0415 - slow to load, and rarely needed

    match error:
        case aws.NoCredentialsError() | aws.PartialCredentialsError():
            return "no AWS credentials: sign in, or set AWS_PROFILE, or use the embedded stack (`tickfold up`)"
        case aws.NoRegionError():
            return "no AWS region: set TICKFOLD_REGION or AWS_REGION, or name the stack by --stack-outputs"
        case aws.EndpointConnectionError() | aws.ConnectTimeoutError():
            return f"{error} Is the stack up?"
        case aws.ClientError():
            detail = error.response.get("Error", {})
            return f"AWS refused {error.operation_name}: {detail.get('Code')}: {detail.get('Message')}"
        case aws.BotoCoreError():
            return f"AWS call failed: {error}"
    return None
