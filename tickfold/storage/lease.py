"""A lease: an item of a table that one process holds at a time, until it gives it back or the time is over."""

import secrets
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tickfold.storage.dynamodb import update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class Lease:
    """The lease in the item `key` of `table`, for `seconds` at most. `now` is the time of day, in seconds since 1970.

    It keeps others out for that time and no longer: whoever takes longer must expect another to hold it, too.
    """

    def __init__(
        self, table: "Table", key: Mapping[str, str], seconds: float, now: Callable[[], float] = time.time
    ) -> None:
        self._table = table
        self._key = dict(key)
        self._seconds = seconds
        self._now = now

    def acquire(self) -> str | None:
        """Return the holder's number, to release the lease by; None if another holds it."""
        holder, now = secrets.token_hex(8), self._now()
        try:
            update(
                self._table,
                Key=self._key,
                UpdateExpression="SET holder = :holder, held_until = :until",
                ConditionExpression="attribute_not_exists(held_until) OR held_until <= :now",
                ExpressionAttributeValues={
                    ":holder": holder,
                    ":now": _milliseconds(now),
                    ":until": _milliseconds(now + self._seconds),
                },
            )
        except self._table.meta.client.exceptions.ConditionalCheckFailedException:
            return None
        return holder

    def release(self, holder: str) -> None:
        """Give the lease back; nothing happens if it is another's by now."""
        try:
            update(
                self._table,
                Key=self._key,
                UpdateExpression="REMOVE holder, held_until",
                ConditionExpression="holder = :holder",
                ExpressionAttributeValues={":holder": holder},
            )
        except self._table.meta.client.exceptions.ConditionalCheckFailedException:
            return


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1_000)
