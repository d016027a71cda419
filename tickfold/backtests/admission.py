"""Admission: which of the runs that have been started are carried out now. The others wait for their place."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tickfold.backtests.quota import Quota
from tickfold.backtests.run_store import key_of
from tickfold.errors import AtCapacityError
from tickfold.storage.dynamodb import ConditionFailedError, Write, transact

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


@dataclass(frozen=True)
class Admission:
    """Gives places to the runs of all users, at most `limit` at once."""

    runs: "Table"
    quota: Quota
    limit: int

    def admit(self, run_id: str) -> None:
        """Give the run a place until it ends. Idempotent.

        A run that has ended takes no place: it was cancelled, or its failed execution was redriven.

        Raises:
            AtCapacityError: all places are taken.
        """
        try:
            transact(self.runs, [self._still_running(run_id), self.quota.activated(run_id, self.limit)])
        except ConditionFailedError as failed:
            if 0 not in failed.writes:
                raise AtCapacityError(f"{self.limit:,} runs are carried out, which is the limit; this waits") from None

    def _still_running(self, run_id: str) -> Write:
        # An update that changes nothing needs no right that the caller lacks, unlike a mere check.
        return {
            "Update": {
                "TableName": self.runs.name,
                "Key": key_of(run_id),
                "UpdateExpression": "SET #status = :running",
                "ConditionExpression": "#status = :running",
                "ExpressionAttributeNames": {"#status": "status"},
                "ExpressionAttributeValues": {":running": "running"},
            }
        }
