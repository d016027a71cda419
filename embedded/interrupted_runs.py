"""Runs that were going on when the embedded stack ended: their executions ended with it, so they are ended too."""

from collections.abc import Mapping

from embedded.cloud import Cloud
from tickfold.backtests.quota import Quota
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.protocol import Failed

INTERRUPTED = Failed(
    stage="workflow", reason="workflow failed: the embedded stack stopped during the run; start the run again"
)


def end(cloud: Cloud, outputs: Mapping[str, str]) -> list[str]:
    """End every run that is recorded as running; return their ids. No execution may be running."""
    runs, users = (cloud.table(outputs[name]) for name in ("runs_table", "users_table"))
    lifecycle = RunLifecycle(runs, Quota(users))
    return [run_id for run_id in list(lifecycle.running()) if lifecycle.end(run_id, INTERRUPTED)]
