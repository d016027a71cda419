"""Report failure: tells the client what failed and why. The workflow asks for it, or the watch over its executions."""

from functions import granted
from functions.step import Event, step
from tickfold.failure import reason_of_state
from tickfold.protocol import Failed


@step("report_failure", noted=False)
def handler(event: Event) -> Event:
    """Take run_id, the stage that failed, and the Error and Cause that were caught; a run that has ended is left."""
    run_id, stage, caught = event["run_id"], event["stage"], event["error"]
    run = granted.runs().get(run_id)
    if run is None or run.status != "running":
        return {"run_id": run_id}
    if run.failure and stage in (run.failure["stage"], "workflow"):
        stage, reason = run.failure["stage"], run.failure["reason"]
    else:
        reason = reason_of_state(caught["Error"], caught.get("Cause", ""), stage)
    failed = Failed(stage=stage, reason=reason)
    granted.runs().set(run_id, status="failed", reason=reason)
    granted.outbox().send(run_id, failed)
    return {"run_id": run_id}
