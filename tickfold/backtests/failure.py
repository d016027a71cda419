"""Failures: the reason that a client is shown. Details that may hold secrets go to the log only."""

import json
import re
from collections.abc import Mapping
from typing import Any, get_args

from tickfold.backtests.run import Run
from tickfold.errors import NOT_RETRYABLE, RunError
from tickfold.protocol import Failed, Stage

_REFUSED = re.compile(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z*]+)")
_OUT_OF_MEMORY = "it ran out of memory"
_REASONS = {
    "States.Timeout": "it ran out of time",
    "Sandbox.Timedout": "it ran out of time",
    "Lambda.TooManyRequestsException": "AWS Lambda is at its concurrency limit; try again later",
    "Runtime.OutOfMemory": _OUT_OF_MEMORY,
    "MemoryError": _OUT_OF_MEMORY,
    "Runtime.ExitError": f"it crashed, or {_OUT_OF_MEMORY}",
    "TIMED_OUT": "it did not end within 24 hours, which it may have spent waiting for other runs",
    "ABORTED": "it was stopped",
    "States.ExceedToleratedFailureThreshold": "a worker crashed without saying why",
}
"""What an error name of Lambda or Step Functions, or a status of an execution, means."""
_ENDED_FROM_OUTSIDE = ("ABORTED", "TIMED_OUT")


def reason_of(error: BaseException, stage: str) -> str:
    """Return why `stage` failed, in words that are safe to send to the client.

    The message of a RunError is written for the client. For a call that IAM refused, the missing right is named; for
    any other error only the class, since its message may hold data of others.
    """
    if isinstance(error, RunError):
        return str(error)
    if isinstance(error, MemoryError):
        return f"{stage} failed: {_OUT_OF_MEMORY}{_more_memory(stage)}"
    refused = _REFUSED.search(str(error))
    if refused:
        return _refusal(stage, refused[1])
    return f"{stage} failed with an internal error ({type(error).__name__}); its log says more"


def reason_of_state(error: str, cause: str, stage: str) -> str:
    """Return why a state of the workflow failed, from the error and cause that Step Functions reports."""
    detail = _lambda_error(cause)
    message = str(detail.get("errorMessage", ""))
    if NOT_RETRYABLE in (error, detail.get("errorType")):
        return message
    refused = _REFUSED.search(f"{message} {cause}")
    if refused:
        return _refusal(stage, refused[1])
    known = _REASONS.get(error, "internal error")
    remedy = _more_memory(stage) if _OUT_OF_MEMORY in known else ""
    return f"{stage} failed: {known}{remedy}; the execution and the logs say more"


def failed_of(run: Run, execution: Mapping[str, Any]) -> Failed:
    """Return the final message of a run whose `execution`, as Step Functions describes it, ended without a result.

    The reason is the one that the failing step has recorded, or else what Step Functions reports.
    """
    status = execution["status"]
    if status in _ENDED_FROM_OUTSIDE:
        return Failed(stage="workflow", reason=reason_of_state(status, "", "workflow"))
    stage = stage_of(run)
    if run.failure and not is_before(run.failure.stage, stage):  # else a retry has succeeded since
        return Failed(stage=run.failure.stage, reason=run.failure.reason)
    error, cause = execution.get("error") or "", execution.get("cause") or ""
    return Failed(stage=stage, reason=reason_of_state(error, cause, stage))


def stage_of(run: Run) -> Stage:
    """Return the stage in which a run must have failed, according to its record."""
    if "planned" not in run.published:
        return "plan"
    return "simulate" if run.chunks_done < run.chunks else "reduce"


def is_before(stage: Stage, other: Stage) -> bool:
    """Return whether a run has completed `stage` when it is in `other`."""
    order = get_args(Stage)
    return order.index(stage) < order.index(other)


def _refusal(stage: str, action: str) -> str:
    return f"{stage} failed: its role does not allow {action}"


def _more_memory(stage: str) -> str:
    """Return what to do about it; the memory of the stages whose work grows with a run's bars can be configured."""
    return f": choose fewer bars, or raise tickfold:{stage}Memory" if stage in ("simulate", "reduce") else ""


def _lambda_error(cause: str) -> dict[str, Any]:
    try:
        found = json.loads(cause)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
