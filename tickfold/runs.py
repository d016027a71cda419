"""Runs: the record of each run, and the messages that were sent about it."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

MESSAGES_LIVE_SECONDS = 24 * 3_600
_RECORD = "run"
_MESSAGE = "message#"


def new_run_id(symbols: Sequence[str], strategy: str, now: datetime, suffix: str) -> str:
    """Return a readable id that is a valid name for an execution: letters, digits, `-` and `_`, 80 at most."""
    first = "".join(c if c.isalnum() else "-" for c in symbols[0].lower())
    name = first if len(symbols) == 1 else f"{first}-and-{len(symbols) - 1}-more"
    return f"{name}-{strategy}-{now:%Y%m%dT%H%M%S}-{suffix}"[:80]


@dataclass(frozen=True)
class Run:
    """A run's record, as far as code needs to read it back.

    `request` is the BacktestConfig as JSON, `result` the Result as JSON, or None where there is none.
    """

    run_id: str
    user_id: str
    status: str
    created_at: datetime
    execution_arn: str
    failure: dict[str, str] | None
    request: str
    result: str | None


class RunStore:
    """The table of runs."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def create(self, run_id: str, connection_id: str, user_id: str, request: str) -> None:
        """Record a run that is about to start. Sequence number 1 is kept for the message that says so."""
        self._table.put_item(
            Item={
                "run_id": run_id,
                "entry": _RECORD,
                "user_id": user_id,
                "connection_id": connection_id,
                "status": "running",
                "created_at": datetime.now(UTC).isoformat(),
                "request": request,
                "sequence": 1,
                "chunks_done": 0,
            }
        )

    def get(self, run_id: str) -> Run | None:
        """Return the run's record, or None."""
        item = self._table.get_item(Key=self._key(run_id), ConsistentRead=True).get("Item")
        if item is None:
            return None
        failure = item.get("failure")
        return Run(
            run_id,
            str(item["user_id"]),
            str(item["status"]),
            datetime.fromisoformat(str(item["created_at"])),
            str(item.get("execution_arn", "")),
            json.loads(str(failure)) if failure else None,
            str(item["request"]),
            str(item["result"]) if "result" in item else None,
        )

    def set(self, run_id: str, **fields: str | int) -> None:
        """Set fields of the run's record."""
        self._update(
            run_id,
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in fields),
            ExpressionAttributeNames={f"#{name}": name for name in fields},
            ExpressionAttributeValues={f":{name}": value for name, value in fields.items()},
        )

    def note_failure(self, run_id: str, stage: str, reason: str) -> None:
        """Record why a step failed, for the report: a failed Distributed Map does not say it."""
        self.set(run_id, failure=json.dumps({"stage": stage, "reason": reason}))

    def chunk_done(self, run_id: str) -> int:
        """Count one more chunk as done; return how many are."""
        changed = self._update(run_id, UpdateExpression="ADD chunks_done :one", ExpressionAttributeValues={":one": 1})
        return int(changed["chunks_done"])

    def next_sequence(self, run_id: str) -> tuple[int, str]:
        """Take the next sequence number; return it and the connection to which the run's messages go."""
        changed = self._update(
            run_id,
            UpdateExpression="ADD #sequence :one",
            ExpressionAttributeNames={"#sequence": "sequence"},
            ExpressionAttributeValues={":one": 1},
        )
        return int(changed["sequence"]), str(changed["connection_id"])

    def attach(self, run_id: str, connection_id: str) -> None:
        """Send the run's messages to another connection from now on."""
        self.set(run_id, connection_id=connection_id)

    def keep_message(self, run_id: str, sequence: int, body: str) -> None:
        """Keep a message for clients that reconnect."""
        self._table.put_item(
            Item={
                "run_id": run_id,
                "entry": f"{_MESSAGE}{sequence:06d}",
                "body": body,
                "expires_at": int(time.time()) + MESSAGES_LIVE_SECONDS,
            }
        )

    def messages_after(self, run_id: str, sequence: int) -> list[str]:
        """Return the run's messages after `sequence`, in order."""
        bodies: list[str] = []
        more: dict[str, Any] = {}
        while True:
            found = self._table.query(
                KeyConditionExpression=Key("run_id").eq(run_id)
                & Key("entry").between(f"{_MESSAGE}{sequence + 1:06d}", f"{_MESSAGE}999999"),
                ConsistentRead=True,
                **more,
            )
            bodies += [str(item["body"]) for item in found["Items"]]
            if "LastEvaluatedKey" not in found:
                return bodies
            more = {"ExclusiveStartKey": found["LastEvaluatedKey"]}

    @staticmethod
    def _key(run_id: str) -> dict[str, str]:
        return {"run_id": run_id, "entry": _RECORD}

    def _update(self, run_id: str, **change: Any) -> dict[str, Any]:
        # The condition keeps a late worker from making half a record of a run that has been deleted.
        return self._table.update_item(
            Key=self._key(run_id), ConditionExpression="attribute_exists(run_id)", ReturnValues="ALL_NEW", **change
        )["Attributes"]
