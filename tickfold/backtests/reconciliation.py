"""Reconciliation: runs whose execution is over, or never began, are ended, should the report of it have been lost.

Step Functions sends its status events at best effort, and a function may die between recording a run and starting its
execution. Such a run would count for its user, and hold its place among those that are carried out, for ever.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from tickfold.backtests.failure import failed_of
from tickfold.backtests.run import Run
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.backtests.workflow import Workflow
from tickfold.protocol import Failed

STARTING = timedelta(minutes=10)
"""How long after its record a run may lack an execution: longer than the function takes that starts it."""

_OVER = ("FAILED", "TIMED_OUT", "ABORTED")
_NEVER_STARTED = Failed(stage="start", reason="start failed: its execution was never started; start the run again")
_NO_RESULT = Failed(
    stage="workflow", reason="workflow failed: its execution ended without a result; start the run again"
)


class Log(Protocol):
    """Where reconciled runs, and those that cannot be reconciled, are logged."""

    def warning(self, message: str, /, *, extra: dict[str, object]) -> None: ...

    def exception(self, message: str, /, *, extra: dict[str, object]) -> None: ...


@dataclass(frozen=True)
class Reconciler:
    """Ends runs that nothing else will end."""

    runs: RunLifecycle
    workflow: Workflow
    log: Log

    def reconcile(self) -> None:
        """End every running run whose execution is not. Idempotent.

        Raises:
            ExceptionGroup: some runs could not be reconciled; the others were.
        """
        errors = [error for run_id in self.runs.running() if (error := self._reconciled(run_id))]
        if errors:
            raise ExceptionGroup("runs could not be reconciled", errors)

    def _reconciled(self, run_id: str) -> Exception | None:
        """Reconcile one run; return what went wrong, so that the others do not depend on it."""
        try:
            run = self.runs.get(run_id)  # an index may lag behind
            if run and run.is_running and (failed := self._failure_of(run)) and self.runs.end(run_id, failed):
                self.log.warning("ended a run whose execution is not running", extra={"run_id": run_id})
        except Exception as error:
            self.log.exception("a run could not be reconciled", extra={"run_id": run_id})
            return error
        return None

    def _failure_of(self, run: Run) -> Failed | None:
        """Return the message that must end the run, or None while its execution is, or may be, going on."""
        execution = self.workflow.describe(run)
        if execution is None:
            return _NEVER_STARTED if datetime.now(UTC) - run.created_at > STARTING else None
        if execution["status"] in _OVER:
            return failed_of(run, execution)
        return _NO_RESULT if execution["status"] == "SUCCEEDED" else None
