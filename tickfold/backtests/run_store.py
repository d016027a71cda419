"""Runs: the table of their records, and of their messages, kept in order for whoever follows them.

A message is appended in one transaction with the change of the record that it tells of, on condition that nobody has
appended another since the record was read. So sequence numbers have no gaps, a run ends once, and a function that is
invoked twice tells of its work once. The table's stream carries each message on to the subscribers.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key

from tickfold.backtests.quota import Quota, Start
from tickfold.backtests.run import Run
from tickfold.protocol import (
    MAX_MESSAGE_BYTES,
    Accepted,
    Cancelled,
    Failed,
    Final,
    Message,
    Progress,
    Reopened,
    Result,
    Stage,
    Status,
    dump,
)
from tickfold.storage.dynamodb import ConditionFailedError, Write, transact, update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

MESSAGES_LIVE_SECONDS = 7 * 24 * 3_600
RECORDS_LIVE_SECONDS = 90 * 24 * 3_600
PROGRESS_SECONDS = 0.5
"""Between two messages that tell of progress, at least."""
PROGRESS_STEPS = 50
"""In so many steps at most, however many chunks there are."""

_RECORD = "run"
_LAST_SEQUENCE = 999_999
_STATUS: dict[type[Message], Status] = {Result: "succeeded", Failed: "failed", Cancelled: "cancelled"}


@dataclass(frozen=True)
class _Change:
    """What happens to a record along with a message: where it `applies`, what it sets, and what is then published."""

    applies: Callable[[Run], bool]
    sets: Mapping[str, Any] = field(default_factory=dict)
    published: str | None = None


class RunStore:
    """The table of runs."""

    def __init__(self, table: "Table", quota: Quota | None = None) -> None:
        """Work on `table`; who starts, ends or reopens runs needs the quota of their users as well."""
        self._table = table
        self._quota_or_none = quota

    @property
    def _quota(self) -> Quota:
        if self._quota_or_none is None:
            raise ValueError("this store was made without the quota, so it cannot start, end or reopen runs")
        return self._quota_or_none

    # --- the record --------------------------------------------------------------------------------------------------

    def create(self, run: Run, accepted: Accepted, start: Start, *, told: str) -> Run:
        """Record a run that is about to start, with its first message, which the connection `told` has from the caller.

        Return it, or the run that its user has started before under the same key.

        Raises:
            RunError: the key was used for another request, or the user has reached a limit.
        """
        writes = [self._put(_record(run)), self._put(_event(run, accepted, told))]
        earlier = self._quota.start(start, writes)
        if earlier is None:
            return run
        found = self.get(earlier)
        if found is None:
            raise LookupError(f"the record of run {earlier} is gone, but not the key it was started under")
        return found

    def get(self, run_id: str) -> Run | None:
        """Return the run's record, or None."""
        item = self._table.get_item(Key=_key(run_id), ConsistentRead=True).get("Item")
        return Run.of(item) if item else None

    def status(self, run_id: str) -> Status | None:
        """Return where the run is, or None where there is none."""
        run = self.get(run_id)
        return run.status if run else None

    def of_user(self, user_id: str, limit: int, before: str | None) -> tuple[list[Run], str | None]:
        """Return a user's runs, newest first, and the `before` that gives those after them, or None."""
        condition = Key("user_id").eq(user_id)
        found = self._table.query(
            IndexName="by_user",
            KeyConditionExpression=condition & Key("created_at").lt(before) if before else condition,
            ScanIndexForward=False,
            Limit=limit,
        )
        runs = [Run.of(item) for item in found["Items"]]
        return runs, runs[-1].created_at.isoformat() if runs and "LastEvaluatedKey" in found else None

    def set(self, run_id: str, **fields: str | int) -> None:
        """Set fields of the run's record."""
        self._update(
            run_id,
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in fields),
            ExpressionAttributeNames={f"#{name}": name for name in fields},
            ExpressionAttributeValues={f":{name}": value for name, value in fields.items()},
        )

    def note_failure(self, run_id: str, stage: Stage, reason: str) -> None:
        """Record why a step failed, for the report: a failed Distributed Map does not say it."""
        self.set(run_id, failure=json.dumps({"stage": stage, "reason": reason}))

    def chunk_done(self, run_id: str) -> Run:
        """Count one more chunk as done; return the record."""
        return self._update(run_id, UpdateExpression="ADD chunks_done :one", ExpressionAttributeValues={":one": 1})

    # --- its messages ------------------------------------------------------------------------------------------------

    def publish(self, run_id: str, message: Message, *, once: str) -> None:
        """Append `message`, unless the run has ended, or something was published under the name `once`."""
        self._append(run_id, message, _Change(lambda run: _goes_on(run) and once not in run.published, {}, once))

    def publish_progress(self, run: Run) -> None:
        """Tell of the chunks that are done, unless that is told often enough already, or others tell of something."""
        # An update whose answer was lost is sent again by the SDK, and counted twice.
        done, now = min(run.chunks_done, run.chunks), time.time()
        if done * PROGRESS_STEPS // run.chunks == (done - 1) * PROGRESS_STEPS // run.chunks:
            return
        change = _Change(
            lambda run: _goes_on(run) and run.shown < done and run.shown_at + PROGRESS_SECONDS <= now,
            {"shown": done, "shown_at": str(now)},
        )
        self._append(run.run_id, Progress(chunks_done=done, chunks=run.chunks), change, run)

    def publish_all_done(self, run_id: str, chunks: int) -> None:
        """Tell that all chunks are done, unless that is told."""
        change = _Change(lambda run: _goes_on(run) and run.shown < chunks, {"shown": chunks})
        self._append(run_id, Progress(chunks_done=chunks, chunks=chunks), change)

    def end(self, run_id: str, message: Final, *, told: str | None = None) -> Message | None:
        """End the run with `message`; return that as it was appended, or None where the run had ended before.

        The connection `told`, if any, has it from the caller.
        """
        change = _Change(_goes_on, {"status": _STATUS[type(message)]})
        return self._append(run_id, message, change, told=told)

    def reopen(self, run_id: str) -> None:
        """Let a run that had failed go on."""
        self._append(run_id, Reopened(), _Change(lambda run: run.status == "failed", {"status": "running"}))

    def messages_after(self, run_id: str, sequence: int) -> list[str]:
        """Return the run's messages after `sequence`, in order."""
        bodies: list[str] = []
        more: dict[str, Any] = {}
        while True:
            found = self._table.query(
                KeyConditionExpression=Key("run_id").eq(run_id)
                & Key("entry").between(_entry(sequence + 1), _entry(_LAST_SEQUENCE)),
                ConsistentRead=True,
                **more,
            )
            bodies += [str(item["body"]) for item in found["Items"]]
            if "LastEvaluatedKey" not in found:
                return bodies
            more = {"ExclusiveStartKey": found["LastEvaluatedKey"]}

    def _append(
        self, run_id: str, message: Message, change: _Change, run: Run | None = None, told: str | None = None
    ) -> Message | None:
        """Append `message` and change the record, as long as the change applies; return the message as appended.

        If another message comes in between, look again; but not where the caller has looked, and gives `run`.
        """
        while True:
            found = run or self.get(run_id)
            if found is None or not change.applies(found):
                return None
            numbered = message.model_copy(update={"run_id": run_id, "sequence": found.sequence + 1})
            try:
                transact(self._table, self._writes(found, numbered, change, told))
            except ConditionFailedError:
                if run is not None:
                    return None
            else:
                return numbered

    def _writes(self, run: Run, message: Message, change: _Change, told: str | None) -> list[Write]:
        after = replace(run, sequence=message.sequence)
        sets = {**change.sets, "sequence": message.sequence}
        if isinstance(message, Final):
            sets["ended_with"] = dump(message)
        update: dict[str, Any] = {
            "TableName": self._table.name,
            "Key": _key(run.run_id),
            "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in sets),
            "ConditionExpression": "#sequence = :read",
            "ExpressionAttributeNames": {f"#{name}": name for name in sets},
            "ExpressionAttributeValues": {f":{name}": value for name, value in sets.items()} | {":read": run.sequence},
        }
        if change.published:
            update["UpdateExpression"] += " ADD published :published"
            update["ExpressionAttributeValues"][":published"] = {change.published}
        return [{"Update": update}, self._put(_event(after, message, told)), *self._counted(run, message)]

    def _counted(self, run: Run, message: Message) -> list[Write]:
        match message:
            case Result() | Failed() | Cancelled():
                return [self._quota.ended(run.user_id, run.run_id)]
            case Reopened():
                return [self._quota.reopened(run.user_id, run.run_id)]
        return []

    def _put(self, item: Mapping[str, Any]) -> Write:
        put = {"TableName": self._table.name, "Item": item, "ConditionExpression": "attribute_not_exists(run_id)"}
        return {"Put": put}

    def _update(self, run_id: str, **change: Any) -> Run:
        # The condition keeps a late worker from making half a record of a run that has been deleted.
        changed = update(
            self._table,
            Key=_key(run_id),
            ConditionExpression="attribute_exists(run_id)",
            ReturnValues="ALL_NEW",
            **change,
        )
        return Run.of(changed["Attributes"])


def _goes_on(run: Run) -> bool:
    return run.status == "running"


def _key(run_id: str) -> dict[str, str]:
    return {"run_id": run_id, "entry": _RECORD}


def _entry(sequence: int) -> str:
    return f"event#{sequence:06d}"


def _record(run: Run) -> dict[str, Any]:
    record = {
        "user_id": run.user_id,
        "status": run.status,
        "created_at": run.created_at.isoformat(),
        "execution_arn": run.execution_arn,
        "request": run.request,
        "sequence": run.sequence,
        "expires_at": int(time.time()) + RECORDS_LIVE_SECONDS,
    }
    return _key(run.run_id) | record | ({"portfolio": run.portfolio} if run.portfolio else {})


def _event(run: Run, message: Message, told: str | None) -> dict[str, Any]:
    """Return the row of a message, with all that its delivery needs to know.

    Raises:
        ValueError: the message is longer than a WebSocket frame may be.
    """
    body = dump(message)
    if (size := len(body.encode())) > MAX_MESSAGE_BYTES:
        raise ValueError(f"a message of {size:,} bytes; at most {MAX_MESSAGE_BYTES:,} can be sent")
    return {
        "run_id": run.run_id,
        "entry": _entry(message.sequence),
        "body": body,
        "topics": run.topics,
        "appended_at": int(time.time() * 1_000),
        "expires_at": int(time.time()) + MESSAGES_LIVE_SECONDS,
    } | ({"told": told} if told else {})
