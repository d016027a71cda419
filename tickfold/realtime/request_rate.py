"""The rate of a user's HTTP requests: a counter of each minute in the table of users."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tickfold.errors import TryLaterError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

WINDOW_SECONDS: Final = 60
_ROWS_LIVE_SECONDS: Final = 3_600


class RequestRate:
    """Counts requests by user, of whom each may make `limit` in a minute of the clock."""

    def __init__(self, table: "Table", limit: int, now: Callable[[], float] = time.time) -> None:
        self._table = table
        self._limit = limit
        self._now = now

    def check(self, user_id: str) -> None:
        """Count a request that a user makes.

        Raises:
            TryLaterError: the user has made as many as may be in this minute.
        """
        now = int(self._now())
        passed = now % WINDOW_SECONDS
        try:
            self._count(user_id, now - passed)
        except self._table.meta.client.exceptions.ConditionalCheckFailedException:
            seconds = WINDOW_SECONDS - passed
            reason = f"request limit reached ({self._limit:,} in a minute): try again in {seconds} s"
            raise TryLaterError(reason, seconds) from None

    def _count(self, user_id: str, began: int) -> None:
        self._table.update_item(
            Key={"user_id": user_id, "entry": f"requests#{began}"},
            UpdateExpression="ADD requests :one SET expires_at = :expires",
            ConditionExpression="attribute_not_exists(requests) OR requests < :most",
            ExpressionAttributeValues={":one": 1, ":most": self._limit, ":expires": began + _ROWS_LIVE_SECONDS},
        )
