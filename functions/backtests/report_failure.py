"""Report failure: ends a run whose execution has ended without a result, and tells whoever follows it why."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from tickfold.backtests.failure import is_before, reason_of_state, stage_of
from tickfold.backtests.run import Run
from tickfold.protocol import Failed

logger = Logger()

_DONE_TO_IT = ("ABORTED", "TIMED_OUT")


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Take the event by which Step Functions tells that an execution has ended; a run that has ended is left."""
    detail = event["detail"]
    logger.append_keys(run_id=detail["name"], status=detail["status"])
    run = wiring.runs().get(detail["name"])
    if run is not None:
        ended = wiring.counted_runs().end(run.run_id, _failed(run, detail))
        logger.info("reported" if ended else "the run had ended before")


def _failed(run: Run, detail: dict[str, Any]) -> Failed:
    """Say why the run has failed: what its step has noted, or else what Step Functions knows."""
    if detail["status"] in _DONE_TO_IT:
        return Failed(stage="workflow", reason=reason_of_state(detail["status"], "", "workflow"))
    error, stage = detail.get("error") or "", stage_of(run)
    if run.failure and not is_before(run.failure.stage, stage):  # else it is of an attempt that was made good
        return Failed(stage=run.failure.stage, reason=run.failure.reason)
    return Failed(stage=stage, reason=reason_of_state(error, detail.get("cause") or "", stage))
