"""Quotas: the limits of a user's concurrent runs and of starts in a day, the idempotency keys of starts, and the limit
of runs that are carried out at once for all users."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from tickfold.errors import RunError, TryLaterError
from tickfold.storage.dynamodb import ConditionFailedError, Write, transact

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_DAY = 24 * 3_600
ROWS_LIVE_SECONDS = 2 * _DAY
_RUN_SECONDS = 60
"""By then a run may have ended."""
_RUNNING = "running"
_ALL_USERS, _ACTIVE = "*", "active"
"""The key of the item with the active runs of all users; a user has no entry of that name."""


@dataclass(frozen=True)
class Limits:
    """The limits of one user: concurrent runs, and starts in a UTC day."""

    running: int
    daily: int


@dataclass(frozen=True)
class Start:
    """A run that a user wants to start, within `limits`. `key` is its idempotency key, of one `request`."""

    user_id: str
    run_id: str
    key: str
    request: str
    limits: Limits

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.request.encode()).hexdigest()


class Quota:
    """The table of users: their running runs, starts and keys. Written in one transaction with the run's own record."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def start(self, start: Start, writes: Sequence[Write]) -> str | None:
        """Carry out `writes`, which record `start`; return None, or the id of the run that was started under its key.

        Raises:
            RunError: the key was used for another request, or the user has reached a limit. Nothing is written.
        """
        now = time.time()
        try:
            transact(self._table, [self._take(start, now), self._one_more(start), self._one_more_today(start), *writes])
        except ConditionFailedError as failed:
            if 0 in failed.writes:
                return self._earlier(start)
            _refuse(start.limits, failed)
        return None

    def activated(self, run_id: str, limit: int) -> Write:
        """Return the write that counts a run among the `limit` that are carried out at once; repeating it is harmless.

        Its condition fails if that many others are.
        """
        values = {":run": {run_id}, ":id": run_id, ":most": limit}
        room = "attribute_not_exists(runs) OR size(runs) < :most OR contains(runs, :id)"
        return self._change(_ALL_USERS, _ACTIVE, "ADD runs :run", values, room)

    def ended(self, user_id: str, run_id: str) -> list[Write]:
        """Return the writes that uncount a run: of the user's running ones, and of all that are carried out."""
        run = {":run": {run_id}}
        return [
            self._change(user_id, _RUNNING, "DELETE runs :run", run),
            self._change(_ALL_USERS, _ACTIVE, "DELETE runs :run", run),
        ]

    def reopened(self, user_id: str, run_id: str) -> Write:
        """Return the write that counts it again, whatever the limit."""
        return self._change(user_id, _RUNNING, "ADD runs :run", {":run": {run_id}})

    def _take(self, start: Start, now: float) -> Write:
        return {
            "Put": {
                "TableName": self._table.name,
                "Item": {
                    "user_id": start.user_id,
                    "entry": f"key#{start.key}",
                    "run_id": start.run_id,
                    "digest": start.digest,
                    "expires_at": int(now) + ROWS_LIVE_SECONDS,
                },
                # A row may lie there for days after it has expired.
                "ConditionExpression": "attribute_not_exists(user_id) OR expires_at < :now",
                "ExpressionAttributeValues": {":now": int(now)},
            }
        }

    def _one_more(self, start: Start) -> Write:
        values = {":run": {start.run_id}, ":most": start.limits.running}
        condition = "attribute_not_exists(runs) OR size(runs) < :most"
        return self._change(start.user_id, _RUNNING, "ADD runs :run", values, condition)

    def _one_more_today(self, start: Start) -> Write:
        values = {":one": 1, ":most": start.limits.daily, ":expires": int(time.time()) + ROWS_LIVE_SECONDS}
        condition = "attribute_not_exists(starts) OR starts < :most"
        entry = f"day#{datetime.now(UTC):%Y-%m-%d}"
        return self._change(start.user_id, entry, "ADD starts :one SET expires_at = :expires", values, condition)

    def _change(
        self, user_id: str, entry: str, update: str, values: Mapping[str, object], condition: str | None = None
    ) -> Write:
        change = {
            "TableName": self._table.name,
            "Key": {"user_id": user_id, "entry": entry},
            "UpdateExpression": update,
            "ExpressionAttributeValues": values,
        }
        return {"Update": change if condition is None else change | {"ConditionExpression": condition}}

    def _earlier(self, start: Start) -> str:
        key = {"user_id": start.user_id, "entry": f"key#{start.key}"}
        found = self._table.get_item(Key=key, ConsistentRead=True)["Item"]
        if found["digest"] != start.digest:
            raise RunError(
                f"key {start.key!r} was used for another request, which started run {found['run_id']!s}: "
                "use a new key for each request",
                "conflict",
            )
        return str(found["run_id"])


def _refuse(limits: Limits, failed: ConditionFailedError) -> NoReturn:
    if 1 in failed.writes:
        raise TryLaterError(
            f"concurrent-run limit reached ({limits.running:,}): wait until a run ends, or cancel one",
            _RUN_SECONDS,
        ) from None
    if 2 in failed.writes:
        raise TryLaterError(
            f"daily-run limit reached ({limits.daily:,} starts in a UTC day): start this run tomorrow",
            _DAY - int(time.time()) % _DAY,
        ) from None
    raise failed
