"""A DynamoDB table on demand, encrypted, with point-in-time recovery, whose rows may expire."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.grant import Grant, Statement

EXPIRES_AT = "expires_at"
"""The attribute with the time, in seconds since 1970 UTC, after which DynamoDB may delete a row."""


@dataclass(frozen=True)
class Key:
    """Names of the attributes that identify a row; all of them are strings."""

    hash: str
    range: str | None = None

    @property
    def attributes(self) -> list[str]:
        return [self.hash] if self.range is None else [self.hash, self.range]


@dataclass(frozen=True)
class Index:
    """A global secondary index that holds all attributes."""

    name: str
    key: Key


class Table(pulumi.ComponentResource):
    """The table, and the variable through which those who may use it learn its name."""

    table: aws.dynamodb.Table
    table_name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        key: Key,
        indexes: Sequence[Index] = (),
        variable: str,
        protect: bool,
        stream: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the table. With `protect` neither Pulumi nor DynamoDB lets it be deleted.

        With `stream` each row that is written is carried on as an event.
        """
        super().__init__("tickfold:index:Table", name, None, opts)
        self._variable = variable
        self.table = self._create_table(name, key, indexes, protect, stream)
        self.table_name = self.table.name
        self.register_outputs({"table_name": self.table_name})

    def may_query(self, index: str) -> Grant:
        """Grant queries of one of its indexes."""
        statement = Statement(["dynamodb:Query"], [pulumi.Output.concat(self.table.arn, "/index/", index)])
        return Grant([statement], {self._variable: self.table_name})

    def may(self, *actions: str) -> Grant:
        """Grant `actions`, such as "PutItem", on the table itself; its indexes are not included."""
        statement = Statement([f"dynamodb:{action}" for action in actions], [self.table.arn])
        return Grant([statement], {self._variable: self.table_name})

    def _create_table(
        self, name: str, key: Key, indexes: Sequence[Index], protect: bool, stream: bool
    ) -> aws.dynamodb.Table:
        attributes = {attribute for keyed in (key, *(index.key for index in indexes)) for attribute in keyed.attributes}
        return aws.dynamodb.Table(
            f"{name}-table",
            name=name,
            billing_mode="PAY_PER_REQUEST",
            attributes=[{"name": attribute, "type": "S"} for attribute in sorted(attributes)],
            hash_key=key.hash,
            range_key=key.range,
            global_secondary_indexes=[_index_arguments(index) for index in indexes],
            ttl={"attribute_name": EXPIRES_AT, "enabled": True},
            point_in_time_recovery={"enabled": True},
            server_side_encryption={"enabled": True},
            deletion_protection_enabled=protect,
            stream_enabled=True if stream else None,
            stream_view_type="NEW_IMAGE" if stream else None,
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )


def _index_arguments(index: Index) -> aws.dynamodb.TableGlobalSecondaryIndexArgsDict:
    return {
        "name": index.name,
        "projection_type": "ALL",
        "key_schemas": [
            {"attribute_name": attribute, "key_type": key_type}
            for attribute, key_type in zip(index.key.attributes, ("HASH", "RANGE"), strict=False)
        ],
    }
