"""The table of runs: their records, and their messages in order.

A message is appended in one transaction with the change of the record that it reports, on condition that no other was
appended since the record was read. So sequence numbers have no gaps, a run ends once, and a function that is invoked
twice reports its work once. The table's stream delivers each message to the subscribers.

Chunks are counted in an item of their own. The record is some kilobytes and is projected into an index: each update of
it costs that much twice, and would conflict with the messages of the run.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from boto3.dynamodb.conditions import Key

from tickfold.backtests.run import Run
from tickfold.protocol import Fetching, Final, Message, Progress, Stage, Status, dump
from tickfold.realtime.message_size import encode
from tickfold.storage.dynamodb import ConditionFailedError, Write, transact, update
from tickfold.storage.query import query_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

MESSAGES_LIVE_SECONDS = 7 * 24 * 3_600
RECORDS_LIVE_SECONDS = 90 * 24 * 3_600
PROGRESS_SECONDS = 0.5
"""Minimum time between two messages of a run's progress."""
PROGRESS_STEPS = 50
"""Most progress messages of a run, however many chunks it has, and most messages of the fetch of a symbol."""

_RECORD = "run"
_COUNTER = "chunks_done"
_FOLDER = "folder"
_FOLD_SECONDS = 120
"""Longer than a step goes on."""
_LAST_SEQUENCE = 999_999


@dataclass(frozen=True)
class Change:
    """The change of a record that goes with a message: when it `applies`, the fields that it sets, and the name under
    which the message is published, if it must not be repeated."""

    applies: Callable[[Run], bool]
    sets: Mapping[str, Any] = field(default_factory=dict)
    published: str | None = None


class RunStore:
    """The table of runs, for functions that read it or report the progress of a run."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    # --- the record --------------------------------------------------------------------------------------------------

    def get(self, run_id: str) -> Run | None:
        """Return the run's record, or None."""
        item = self._table.get_item(Key=key_of(run_id), ConsistentRead=True).get("Item")
        return Run.of(item) if item else None

    def status(self, run_id: str) -> Status | None:
        """Return the status of a run, or None if there is no such run."""
        run = self.get(run_id)
        return run.status if run else None

    def of_user(self, user_id: str, limit: int, before: str | None) -> tuple[list[Run], str | None]:
        """Return a user's runs, newest first, and the `before` of the next page, or None."""
        condition = Key("user_id").eq(user_id)
        found = self._table.query(
            IndexName="by_user",
            KeyConditionExpression=condition & Key("created_at").lt(before) if before else condition,
            ScanIndexForward=False,
            Limit=limit,
        )
        runs = [Run.of(item) for item in found["Items"]]
        return runs, runs[-1].created_at.isoformat() if runs and "LastEvaluatedKey" in found else None

    def running(self) -> Iterator[str]:
        """Yield the ids of the runs of all users that have not ended, oldest first; an index may lag behind."""
        found = query_all(self._table, IndexName="by_status", KeyConditionExpression=Key("status").eq("running"))
        return (str(item["run_id"]) for item in found)

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

    def chunk_done(self, run_id: str) -> int:
        """Count one more chunk as done; return how many are."""
        changed = update(
            self._table,
            Key={"run_id": run_id, "entry": _COUNTER},
            UpdateExpression="ADD chunks :one SET expires_at = if_not_exists(expires_at, :expires_at)",
            ExpressionAttributeValues={":one": 1, ":expires_at": int(time.time()) + RECORDS_LIVE_SECONDS},
            ReturnValues="UPDATED_NEW",
        )
        return int(cast(int, changed["Attributes"]["chunks"]))

    @contextmanager
    def only_one_folds(self, run_id: str) -> Iterator[bool]:
        """Yield whether no other folds the run's finished chunks, and keep others from it meanwhile.

        It saves work and no more, since two that fold at once write the same; one that dies blocks others for a while.
        """
        key, now = {"run_id": run_id, "entry": _FOLDER}, int(time.time())
        until = {":now": now, ":until": now + _FOLD_SECONDS, ":expires_at": now + RECORDS_LIVE_SECONDS}
        try:
            update(
                self._table,
                Key=key,
                UpdateExpression="SET busy_until = :until, expires_at = :expires_at",
                ConditionExpression="attribute_not_exists(busy_until) OR busy_until < :now",
                ExpressionAttributeValues=until,
            )
        except self._table.meta.client.exceptions.ConditionalCheckFailedException:
            yield False
            return
        try:
            yield True
        finally:
            update(
                self._table,
                Key=key,
                UpdateExpression="SET busy_until = :none",
                ExpressionAttributeValues={":none": 0},
            )

    # --- its messages ------------------------------------------------------------------------------------------------

    def publish(self, run_id: str, message: Message, *, once: str) -> None:
        """Append `message`, unless the run has ended, or a message was published under the name `once`."""
        change = Change(lambda run: run.is_running and once not in run.published, published=once)
        self._append(run_id, message, change)

    def publish_fetching(self, run_id: str, message: Fetching) -> None:
        """Publish how far a fetch is: its last piece always, others as `publish_progress` does."""
        done, pieces, now = message.pieces_done, message.pieces, time.time()
        if done == pieces:
            self._append(run_id, message, Change(lambda run: run.is_running, {"progress_at": str(now)}))
            return
        if not _is_step(done, pieces):
            return
        change = Change(
            lambda run: run.is_running and run.progress_at + PROGRESS_SECONDS <= now, {"progress_at": str(now)}
        )
        if run := self.get(run_id):
            self._append_next(run, message, change)

    def publish_progress(self, run_id: str, counted: int, chunks: int) -> None:
        """Publish that `counted` of `chunks` are done, unless progress was published recently, or another message is
        appended meanwhile. Most counts are no step of progress: they cost no request."""
        # An update whose response was lost is retried by the SDK, and counted twice.
        done, now = min(counted, chunks), time.time()
        if not _is_step(done, chunks):
            return
        change = Change(
            lambda run: run.is_running and run.chunks_done < done and run.progress_at + PROGRESS_SECONDS <= now,
            {"chunks_done": done, "progress_at": str(now)},
        )
        if run := self.get(run_id):
            self._append_next(run, Progress(chunks_done=done, chunks=chunks), change)

    def publish_all_done(self, run_id: str, chunks: int) -> None:
        """Publish that all chunks are done, unless that was published."""
        change = Change(lambda run: run.is_running and run.chunks_done < chunks, {"chunks_done": chunks})
        self._append(run_id, Progress(chunks_done=chunks, chunks=chunks), change)

    def messages_after(self, run_id: str, sequence: int) -> list[str]:
        """Return the run's messages after `sequence`, in order."""
        entries = Key("entry").between(_entry(sequence + 1), _entry(_LAST_SEQUENCE))
        condition = Key("run_id").eq(run_id) & entries
        found = query_all(self._table, KeyConditionExpression=condition, ConsistentRead=True)
        return [str(item["body"]) for item in found]

    def _append(
        self, run_id: str, message: Message, change: Change, *, already_sent_to: str | None = None
    ) -> Message | None:
        """Append `message` and change the record, as long as the change applies; return the message as appended."""
        while (run := self.get(run_id)) is not None and change.applies(run):
            if appended := self._append_next(run, message, change, already_sent_to):
                return appended
        return None

    def _append_next(
        self, run: Run, message: Message, change: Change, already_sent_to: str | None = None
    ) -> Message | None:
        """Append `message` to a record as it was read; return None if another message came in between."""
        if not change.applies(run):
            return None
        numbered = message.model_copy(update={"run_id": run.run_id, "sequence": run.sequence + 1})
        event = self._put(event_of(run, numbered, already_sent_to))
        try:
            transact(self._table, [self._changed(run, numbered, change), event, *self._counted(run, numbered)])
        except ConditionFailedError:
            return None
        return numbered

    def _counted(self, run: Run, message: Message) -> list[Write]:  # noqa: ARG002 - of who counts runs
        """Return what else is written along with `message`."""
        return []

    def _changed(self, run: Run, message: Message, change: Change) -> Write:
        sets = {**change.sets, "sequence": message.sequence}
        if isinstance(message, Final):
            sets["ended_with"] = dump(message)
        update: dict[str, Any] = {
            "TableName": self._table.name,
            "Key": key_of(run.run_id),
            "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in sets),
            "ConditionExpression": "#sequence = :read",
            "ExpressionAttributeNames": {f"#{name}": name for name in sets},
            "ExpressionAttributeValues": {f":{name}": value for name, value in sets.items()} | {":read": run.sequence},
        }
        if change.published:
            update["UpdateExpression"] += " ADD published :published"
            update["ExpressionAttributeValues"][":published"] = {change.published}
        return {"Update": update}

    def _put(self, item: Mapping[str, Any]) -> Write:
        put = {"TableName": self._table.name, "Item": item, "ConditionExpression": "attribute_not_exists(run_id)"}
        return {"Put": put}

    def _update(self, run_id: str, **change: Any) -> Run:
        # The condition keeps a late worker from making half a record of a run that has been deleted.
        changed = update(
            self._table,
            Key=key_of(run_id),
            ConditionExpression="attribute_exists(run_id)",
            ReturnValues="ALL_NEW",
            **change,
        )
        return Run.of(changed["Attributes"])


def _is_step(done: int, of: int) -> bool:
    """Return whether with `done` parts of a whole one more of `PROGRESS_STEPS` steps is reached."""
    return done * PROGRESS_STEPS // of != (done - 1) * PROGRESS_STEPS // of


def key_of(run_id: str) -> dict[str, str]:
    """Return the key of a run's record."""
    return {"run_id": run_id, "entry": _RECORD}


def _entry(sequence: int) -> str:
    return f"event#{sequence:06d}"


def record_of(run: Run) -> dict[str, Any]:
    """Return the row of a new run's record."""
    record = {
        "user_id": run.user_id,
        "status": run.status,
        "created_at": run.created_at.isoformat(),
        "execution_arn": run.execution_arn,
        "request": run.request,
        "sequence": run.sequence,
        "expires_at": int(time.time()) + RECORDS_LIVE_SECONDS,
    }
    given = {"portfolio": run.portfolio, "code": run.code}
    return key_of(run.run_id) | record | {name: value for name, value in given.items() if value}


def event_of(run: Run, message: Message, already_sent_to: str | None) -> dict[str, Any]:
    """Return the row of a message, with all that its delivery needs.

    Raises:
        ValueError: the message is too large for a WebSocket frame.
    """
    return {
        "run_id": run.run_id,
        "entry": _entry(message.sequence),
        "body": encode(message),
        "topics": run.topics,
        "appended_at": int(time.time() * 1_000),
        "expires_at": int(time.time()) + MESSAGES_LIVE_SECONDS,
    } | ({"already_sent_to": already_sent_to} if already_sent_to else {})
