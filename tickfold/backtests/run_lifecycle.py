"""The lifecycle of runs: they start, end and are reopened, each in one transaction with their user's quota."""

from typing import TYPE_CHECKING

from tickfold.backtests.quota import Quota, Start
from tickfold.backtests.run import Run
from tickfold.backtests.run_store import Change, RunStore, event_of, record_of
from tickfold.protocol import Accepted, Cancelled, Failed, Final, Message, Reopened, Result, Status
from tickfold.storage.dynamodb import Write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_STATUS: dict[type[Message], Status] = {Result: "succeeded", Failed: "failed", Cancelled: "cancelled"}


class RunLifecycle(RunStore):
    """The table of runs, for functions that start, end or reopen runs."""

    def __init__(self, table: "Table", quota: Quota) -> None:
        super().__init__(table)
        self._quota = quota

    def create(self, run: Run, accepted: Accepted, start: Start, *, already_sent_to: str) -> Run:
        """Record a run that is about to start, with its first message, which the caller sends to a connection itself.

        Return it, or the run that its user has started before under the same key.

        Raises:
            RunError: the key was used for another request, or the user has reached a limit.
        """
        writes = [self._put(record_of(run)), self._put(event_of(run, accepted, already_sent_to))]
        earlier = self._quota.start(start, writes)
        if earlier is None:
            return run
        found = self.get(earlier)
        if found is None:
            raise LookupError(f"the record of run {earlier} is gone, but not the key it was started under")
        return found

    def end(self, run_id: str, message: Final, *, already_sent_to: str | None = None) -> Message | None:
        """End the run with `message`; return that as it was appended, or None if the run had ended before.

        Delivery omits the connection `already_sent_to`.
        """
        change = Change(lambda run: run.is_running, {"status": _STATUS[type(message)]})
        return self._append(run_id, message, change, already_sent_to=already_sent_to)

    def reopen(self, run_id: str) -> None:
        """Set a failed run to running again."""
        self._append(run_id, Reopened(), Change(lambda run: run.status == "failed", {"status": "running"}))

    def _counted(self, run: Run, message: Message) -> list[Write]:
        match message:
            case Result() | Failed() | Cancelled():
                return self._quota.ended(run.user_id, run.run_id)
            case Reopened():
                return [self._quota.reopened(run.user_id, run.run_id)]
        return []
