"""Report failure: tells the client what failed and why, when the workflow has caught an error."""

from functions import granted
from functions.step import Event, step
from tickfold.failure import reason_of_state
from tickfold.protocol import Failed


@step("report_failure")
def handler(event: Event) -> Event:
    """Take run_id, the stage that failed, and the Error and Cause that Step Functions caught; return run_id."""
    run_id, stage, caught = event["run_id"], event["stage"], event["error"]
    run = granted.runs().get(run_id)
    noted = run.failure if run else None
    if noted and noted["stage"] == stage:
        reason = noted["reason"]
    else:
        reason = reason_of_state(caught["Error"], caught.get("Cause", ""), stage)
    failed = Failed(stage=stage, reason=reason)
    granted.runs().set(run_id, status="failed", reason=reason)
    granted.outbox().send(run_id, failed)
    return {"run_id": run_id}
