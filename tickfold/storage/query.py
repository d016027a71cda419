"""Queries of DynamoDB tables: the items of all pages."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


def query_all(table: "Table", **request: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the items that a Query finds, page by page.

    A resource has no paginators, but its own client does, which takes and returns values as Python has them.
    """
    pages = cast(Any, table.meta.client).get_paginator("query").paginate(TableName=table.name, **request)
    return (item for page in pages for item in page["Items"])
