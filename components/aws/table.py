"""A DynamoDB table: on demand, encrypted, with point-in-time recovery and a time to live."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws
from botocore.utils import ArnParser

from components.aws.grant import Grant, Statement

EXPIRES_AT = "expires_at"
"""The attribute with the time, in seconds since 1970 UTC, after which DynamoDB may delete an item."""


@dataclass(frozen=True)
class Key:
    """A primary key: the names of its partition key and its sort key. Both are strings."""

    partition: str
    sort: str | None = None

    @property
    def attributes(self) -> list[str]:
        return [self.partition] if self.sort is None else [self.partition, self.sort]


@dataclass(frozen=True)
class Index:
    """A global secondary index. One that projects keys only is not written when other attributes change."""

    name: str
    key: Key
    projection: Literal["ALL", "KEYS_ONLY"] = "ALL"


class Table(pulumi.ComponentResource):
    """The table. `variable` is the environment variable that tells a function its name."""

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
        """Create the table. `protect` keeps Pulumi and DynamoDB from deleting it; `stream` publishes new images."""
        super().__init__("tickfold:aws:Table", name, None, opts)
        self._variable = variable
        self.table = self._create_table(name, key, indexes, protect, stream)
        self.table_name = self.table.name
        self.register_outputs({"table_name": self.table_name})

    @property
    def region(self) -> pulumi.Output[str]:
        """The AWS region, read from the table's ARN so that no lookup is needed."""
        return self.table.arn.apply(lambda arn: ArnParser().parse_arn(arn)["region"])

    def may(self, *actions: str) -> Grant:
        """Grant `actions`, such as "PutItem", on the table itself but not on its indexes."""
        return self._grant(actions, self.table.arn)

    def may_query(self, index: str) -> Grant:
        """Grant queries of one index."""
        return self._grant(["Query"], pulumi.Output.concat(self.table.arn, "/index/", index))

    def may_read_stream(self) -> Grant:
        """Grant what an event source mapping needs to read the table's stream."""
        read = Statement(
            ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"], [self.table.stream_arn]
        )
        # IAM grants ListStreams for all streams or none.
        return Grant([read, Statement(["dynamodb:ListStreams"], ["*"])])

    def _grant(self, actions: Sequence[str], resource: pulumi.Output[str]) -> Grant:
        statement = Statement([f"dynamodb:{action}" for action in actions], [resource])
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
            hash_key=key.partition,
            range_key=key.sort,
            global_secondary_indexes=[_index_arguments(index) for index in indexes],
            ttl={"attribute_name": EXPIRES_AT, "enabled": True},
            point_in_time_recovery={"enabled": True},
            # No server_side_encryption: DynamoDB encrypts with a key of its own, free of charge. Enabled, it means the
            # account's KMS key, each use of which is charged.
            deletion_protection_enabled=protect,
            stream_enabled=True if stream else None,
            stream_view_type="NEW_IMAGE" if stream else None,
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )


def _index_arguments(index: Index) -> aws.dynamodb.TableGlobalSecondaryIndexArgsDict:
    return {
        "name": index.name,
        "projection_type": index.projection,
        "key_schemas": [
            {"attribute_name": attribute, "key_type": key_type}
            for attribute, key_type in zip(index.key.attributes, ("HASH", "RANGE"), strict=False)
        ],
    }
