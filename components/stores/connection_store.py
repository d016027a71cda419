"""The tables of `tickfold.realtime.connections.ConnectionStore`, and the DynamoDB actions that its methods need."""

import pulumi

from components.aws.grant import Grant
from components.aws.table import Key, Table
from functions import settings


class ConnectionTables:
    """The tables of connections and of their subscriptions."""

    connections: Table
    subscriptions: Table

    def __init__(self, name: str, *, protect: bool, opts: pulumi.ResourceOptions | None = None) -> None:
        self.connections = Table(
            f"{name}-connections",
            key=Key("connection_id"),
            variable=settings.CONNECTIONS_TABLE,
            protect=protect,
            opts=opts,
        )
        self.subscriptions = Table(
            f"{name}-subscriptions",
            key=Key("topic", "connection_id"),
            variable=settings.SUBSCRIPTIONS_TABLE,
            protect=protect,
            opts=opts,
        )

    def may_add(self) -> Grant:
        """`add`."""
        return self.connections.may("PutItem")

    def may_subscribe(self) -> Grant:
        """`subscribe`."""
        return Grant.union(self.connections.may("UpdateItem"), self.subscriptions.may("PutItem"))

    def may_unsubscribe(self) -> Grant:
        """`unsubscribe`."""
        return Grant.union(self.connections.may("UpdateItem"), self.subscriptions.may("DeleteItem"))

    def may_find_subscribers(self) -> Grant:
        """`subscribers`."""
        return self.subscriptions.may("Query")

    def may_remove(self) -> Grant:
        """`remove` and `remove_gone`."""
        return Grant.union(self.connections.may("DeleteItem"), self.subscriptions.may("BatchWriteItem"))
