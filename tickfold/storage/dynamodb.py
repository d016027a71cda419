"""DynamoDB transactions, of which all writes happen or none, and writes of single items that transactions work on."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

Write = Mapping[str, Any]
"""One member of TransactItems, such as {"Put": {…}}, with values as Python has them."""

_ATTEMPTS = 30
_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.01, 0.5
_FAILED_CONDITION = "ConditionalCheckFailed"
_PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "TransactionConflictException"}


class ConditionFailedError(Exception):
    """Conditions did not hold, and nothing was written. `writes` are the places of those writes among all."""

    def __init__(self, writes: frozenset[int]) -> None:
        super().__init__(f"the conditions of the writes {sorted(writes)} do not hold")
        self.writes = writes


Outcome = TypeVar("Outcome")


def transact(table: "Table", writes: Sequence[Write]) -> None:
    """Carry out `writes`, of which some may be for other tables; meet conflicts with others by trying again.

    Raises:
        ConditionFailedError: the condition of at least one of them does not hold.
        TransactionCanceledException: it was cancelled for another reason, or conflicts did not pass.
    """
    client = cast(Any, table.meta.client)  # the resource's own: it takes values as Python has them
    try:
        _until_it_passes(lambda: client.transact_write_items(TransactItems=list(writes)))
    except client.exceptions.TransactionCanceledException as error:
        failed = frozenset(at for at, reason in enumerate(_reasons(error)) if reason == _FAILED_CONDITION)
        if not failed:
            raise
        raise ConditionFailedError(failed) from None


def update(table: "Table", **change: Any) -> Mapping[str, Any]:
    """Update one item, which transactions of others may be at work on: DynamoDB refuses that, and no SDK tries again.

    Raises:
        ClientError: the update was refused for another reason, or conflicts did not pass.
    """
    changed: Mapping[str, Any] = _until_it_passes(lambda: table.update_item(**change))
    return changed


def _until_it_passes(attempt: Callable[[], Outcome]) -> Outcome:
    """Return the outcome of `attempt`; repeat it, with growing pauses, while it meets what passes by itself."""
    pause = _PAUSE_SECONDS
    for _ in range(_ATTEMPTS - 1):
        try:
            return attempt()
        except ClientError as error:
            reasons = _reasons(error)
            if _FAILED_CONDITION in reasons or not _PASSING.intersection(reasons):
                raise
            time.sleep(random.uniform(0, pause))  # noqa: S311 - jitter, no secret
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
    return attempt()


def _reasons(error: ClientError) -> list[str]:
    """Return why a transaction was cancelled, write by write, or why a single write was refused."""
    response: Any = error.response
    cancelled = response.get("CancellationReasons")
    return [response["Error"]["Code"]] if cancelled is None else [reason.get("Code") for reason in cancelled]
