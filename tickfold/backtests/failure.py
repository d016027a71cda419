"""Failures: what may be said about them to the client, and what only the log may hold."""

import json
import re
from typing import Any, get_args

from tickfold.backtests.run import Run
from tickfold.errors import RunError
from tickfold.protocol import Stage

_REFUSED = re.compile(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z*]+)")
_SAID_BY_AWS = {
    "States.Timeout": "it ran out of time",
    "Sandbox.Timedout": "it ran out of time",
    "Lambda.TooManyRequestsException": "AWS Lambda is at its concurrency limit; try again later",
    "Runtime.OutOfMemory": "it ran out of memory",
    "Runtime.ExitError": "it crashed or ran out of memory",
    "TIMED_OUT": "it ran out of time",
    "ABORTED": "it was stopped",
    "States.ExceedToleratedFailureThreshold": "a worker crashed without saying why",
}


def reason_of(error: BaseException, stage: str) -> str:
    """Say why `stage` failed, in words that are safe to send to the client.

    The text of a RunError is made for the client. A refused call names the right that is missing. Of anything else
    only the kind is told: its text may hold what is not the client's.
    """
    if isinstance(error, RunError):
        return str(error)
    refused = _REFUSED.search(str(error))
    if refused:
        return _refusal(stage, refused[1])
    return f"{stage} failed with an internal error ({type(error).__name__}); its log says more"


def reason_of_state(error: str, cause: str, stage: str) -> str:
    """Say why a state of the workflow failed, from what Step Functions caught."""
    detail = _lambda_error(cause)
    message = str(detail.get("errorMessage", ""))
    if error == RunError.__name__ or detail.get("errorType") == RunError.__name__:
        return message
    refused = _REFUSED.search(f"{message} {cause}")
    if refused:
        return _refusal(stage, refused[1])
    return f"{stage} failed: {_SAID_BY_AWS.get(error, 'internal error')}; the execution and the logs say more"


def stage_of(run: Run) -> Stage:
    """Return the stage in which a run must have failed, as far as its record tells."""
    if "planned" not in run.published:
        return "plan"
    return "simulate" if run.shown < run.chunks else "reduce"


def is_before(stage: Stage, other: Stage) -> bool:
    """Tell whether a run has passed `stage` when it is in `other`."""
    order = get_args(Stage)
    return order.index(stage) < order.index(other)


def _refusal(stage: str, action: str) -> str:
    return f"{stage} failed: its role does not allow {action}"


def _lambda_error(cause: str) -> dict[str, Any]:
    try:
        found = json.loads(cause)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
