"""Which sources rules watch. Apart from the rules themselves, which whoever only asks this need not read."""

from typing import TYPE_CHECKING, Final

from boto3.dynamodb.conditions import Key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

RULE: Final = "rule#"
"""What the sort keys of rules, and of what watches for them, begin with."""


def partition_of(source: str) -> str:
    """Return the partition of the table of alerts that lists the rules which watch a source."""
    return f"watch#{source}"


def is_watched(table: "Table", source: str) -> bool:
    """Return whether any rule watches a source."""
    rules = Key("holder").eq(partition_of(source)) & Key("entry").begins_with(RULE)
    return bool(table.query(KeyConditionExpression=rules, ConsistentRead=True, Limit=1)["Items"])
