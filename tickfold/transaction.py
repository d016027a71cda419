"""A DynamoDB transaction: all of its writes happen, or none."""

import random
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

Write = Mapping[str, Any]
"""One member of TransactItems, such as {"Put": {…}}, with values as Python has them."""

_ATTEMPTS = 30
_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.01, 0.5
_FAILED_CONDITION = "ConditionalCheckFailed"
_PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


class ConditionFailedError(Exception):
    """Conditions did not hold, and nothing was written. `writes` are the places of those writes among all."""

    def __init__(self, writes: frozenset[int]) -> None:
        super().__init__(f"the conditions of the writes {sorted(writes)} do not hold")
        self.writes = writes


def transact(table: "Table", writes: Sequence[Write]) -> None:
    """Carry out `writes`, of which some may be for other tables; meet conflicts with others by trying again.

    Raises:
        ConditionFailedError: the condition of at least one of them does not hold.
        TransactionCanceledException: it was cancelled for another reason, or conflicts did not pass.
    """
    client = cast(Any, table.meta.client)  # the resource's own: it takes values as Python has them
    pause = _PAUSE_SECONDS
    for attempt in range(_ATTEMPTS):
        try:
            client.transact_write_items(TransactItems=list(writes))
        except client.exceptions.TransactionCanceledException as error:
            reasons = [reason.get("Code") for reason in error.response["CancellationReasons"]]
            if _FAILED_CONDITION in reasons:
                failed = frozenset(at for at, reason in enumerate(reasons) if reason == _FAILED_CONDITION)
                raise ConditionFailedError(failed) from None
            if not _PASSING.intersection(reasons) or attempt == _ATTEMPTS - 1:
                raise
            time.sleep(random.uniform(0, pause))  # noqa: S311 - jitter, no secret
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        else:
            return
