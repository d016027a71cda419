"""DynamoDB: transactions, and updates of items that transactions write too."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from tickfold.errors import TickfoldError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

Write = Mapping[str, Any]
"""One member of TransactItems, such as {"Put": {…}}, with values as Python has them."""

_FAILED_CONDITION = "ConditionalCheckFailed"
_TRANSIENT = frozenset(
    {"TransactionConflict", "TransactionConflictException", "ThrottlingError", "ProvisionedThroughputExceeded"}
)
ATTEMPTS = 30
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.01, 0.5


class ConditionFailedError(TickfoldError):
    """Conditions did not hold, and nothing was written. `writes` are the positions of those writes among all."""

    def __init__(self, writes: frozenset[int]) -> None:
        super().__init__(f"the conditions of the writes {sorted(writes)} do not hold")
        self.writes = writes


def transact(table: "Table", writes: Sequence[Write]) -> None:
    """Carry out all of `writes`, some of which may be for other tables, or none; conflicts are retried.

    Raises:
        ConditionFailedError: the condition of at least one of them does not hold.
        TransactionCanceledException: it was cancelled for another reason, or the last retry met a conflict too.
    """
    client = _client(table)
    try:
        _retrying()(client.transact_write_items, TransactItems=list(writes))
    except client.exceptions.TransactionCanceledException as error:
        failed = frozenset(at for at, reason in enumerate(_reasons(error)) if reason == _FAILED_CONDITION)
        if not failed:
            raise
        raise ConditionFailedError(failed) from None


def update(table: "Table", **change: Any) -> Mapping[str, Any]:
    """Update one item that transactions write too: DynamoDB refuses that during one, and no SDK retries it.

    Raises:
        ClientError: the update was refused for another reason, or the last retry met a conflict too.
    """
    changed: Mapping[str, Any] = _retrying()(table.update_item, **change)
    return changed


def _client(table: "Table") -> Any:
    """Return the resource's own client, which takes and returns values as Python has them."""
    return cast(Any, table.meta.client)


def _retrying() -> Retrying:
    """Return the policy for conflicts: exponential backoff with full jitter, 10 s in all on average."""
    return Retrying(
        retry=retry_if_exception(_is_transient),
        wait=wait_random_exponential(multiplier=_FIRST_PAUSE_SECONDS, max=_LONGEST_PAUSE_SECONDS),
        stop=stop_after_attempt(ATTEMPTS),
        reraise=True,
    )


def _is_transient(error: BaseException) -> bool:
    reasons = _reasons(error) if isinstance(error, ClientError) else []
    return _FAILED_CONDITION not in reasons and not _TRANSIENT.isdisjoint(reasons)


def _reasons(error: ClientError) -> list[str]:
    """Return why a transaction was cancelled, write by write, or why a single write was refused."""
    response: Any = error.response
    cancelled = response.get("CancellationReasons")
    return [response["Error"]["Code"]] if cancelled is None else [reason.get("Code") for reason in cancelled]
