"""Reading many items of a DynamoDB table: all pages of a query, or all items of a list of keys."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from tickfold.errors import TickfoldError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

MOST_KEYS = 100
"""Keys of one BatchGetItem."""
MOST_REPEATS = 6
FIRST_PAUSE_SECONDS = 0.02


def query_all(table: "Table", **request: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the items that a Query finds, page by page.

    A resource has no paginators, but its own client does, which takes and returns values as Python has them.
    """
    pages = cast(Any, table.meta.client).get_paginator("query").paginate(TableName=table.name, **request)
    return (item for page in pages for item in page["Items"])


def get_all(
    table: "Table", keys: Sequence[Mapping[str, str]], first_pause: float = FIRST_PAUSE_SECONDS
) -> Iterator[Mapping[str, Any]]:
    """Yield the items that exist under `keys`, in any order, each once, as of now.

    Keys that DynamoDB leaves out are requested again after `first_pause` seconds, and twice as long each time.

    Raises:
        TickfoldError: DynamoDB has left out keys `MOST_REPEATS` times in a row, since the table is throttled.
    """
    client = cast(Any, table.meta.client)
    left, repeats = [dict(key) for key in {tuple(key.items()) for key in keys}], 0  # a key twice is an error
    while left:
        asked = {table.name: {"Keys": left[:MOST_KEYS], "ConsistentRead": True}}
        answer = client.batch_get_item(RequestItems=asked)
        yield from answer["Responses"].get(table.name, ())
        left_out = answer.get("UnprocessedKeys", {}).get(table.name, {}).get("Keys", [])
        left = [*left[MOST_KEYS:], *left_out]
        repeats = repeats + 1 if left_out else 0
        if repeats > MOST_REPEATS:
            raise TickfoldError(f"DynamoDB reads no more of the table {table.name}, which is throttled")
        if left_out:
            time.sleep(first_pause * 2 ** (repeats - 1))
