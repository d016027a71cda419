"""Cancelling runs: a run ends as cancelled first, and then its execution is stopped."""

from dataclasses import dataclass

from tickfold.backtests.following import visible_run
from tickfold.backtests.run import Run
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.backtests.workflow import Workflow
from tickfold.errors import RunError
from tickfold.protocol import Cancel, Cancelled, Message, parse_message
from tickfold.realtime.caller import Caller


@dataclass(frozen=True)
class RunCanceller:
    """Cancels runs for their owners."""

    runs: RunLifecycle
    workflow: Workflow

    def cancel(self, caller: Caller, request: Cancel) -> None:
        """Stop one of the caller's runs. Idempotent; returns the same reply."""
        run = visible_run(self.runs, caller.user, request.run_id)
        if run.user_id != caller.user.user_id:
            raise RunError(f"run {run.run_id} is not yours: only who started it may cancel it", "conflict")
        ended = self.runs.end(run.run_id, Cancelled(), already_sent_to=caller.connection_id)
        reply = ended or self._cancelled_before(run)
        try:
            # After `end`, so that the execution of a run that has a result is never stopped; and on every repetition.
            self.workflow.stop(run)
        finally:
            caller.reply(reply)

    def _cancelled_before(self, run: Run) -> Message:
        """Return the message by which the run was cancelled before."""
        ended = self.runs.get(run.run_id) or run
        if ended.status != "cancelled" or ended.ended_with is None:
            raise RunError(f"run {run.run_id} has ended already: {ended.status}", "conflict")
        return parse_message(ended.ended_with)
