"""The tables of open connections and of their subscriptions."""

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from boto3.dynamodb.conditions import Key

from tickfold.errors import RunError
from tickfold.identity.user import User
from tickfold.storage.query import query_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

MAX_CONNECTION_SECONDS = 2 * 3_600 + 300
"""API Gateway closes a connection after two hours."""
OPENING_SECONDS = 30
"""A connection exists only once API Gateway has answered $connect, for which it waits 29 s at most."""
MOST_TOPICS = 200
"""Subscriptions that one connection may ask for."""
MOST_TOPICS_OF_ROW = 4_000
"""Subscriptions of one connection in all, those to the runs that it started included; so many fit into its row."""


class Subscriptions(Protocol):
    """What callers subscribe by."""

    def subscribe(self, connection_id: str, user: User, topic: str, most: int = MOST_TOPICS) -> None: ...

    def unsubscribe(self, connection_id: str, topic: str) -> None: ...


class ConnectionStore:
    """The tables of connections and of subscriptions.

    Rows expire with the connection or with its token, whichever comes first: $disconnect is best effort.
    """

    def __init__(self, connections: "Table", subscriptions: "Table") -> None:
        self._connections = connections
        self._subscriptions = subscriptions

    def add(self, connection_id: str, user: User) -> None:
        """Record a connection that is being opened."""
        item: dict[str, Any] = {
            "connection_id": connection_id,
            "user_id": user.user_id,
            "connected_at": _iso(datetime.now(UTC)),
            "expires_at": _expiry(user),
        }
        if user.portfolios:
            item["portfolios"] = set(user.portfolios)
        self._connections.put_item(Item=item)

    def subscribe(self, connection_id: str, user: User, topic: str, most: int = MOST_TOPICS) -> None:
        """Subscribe a connection to `topic`. Idempotent; a connection's row that was lost is made again.

        Raises:
            RunError: the connection has `most` subscriptions already.
        """
        expires = _expiry(user)
        try:
            self._connections.update_item(
                Key={"connection_id": connection_id},
                UpdateExpression="ADD topics :topic SET user_id = :user, expires_at = :expires",
                ConditionExpression="attribute_not_exists(topics) OR size(topics) < :most OR contains(topics, :name)",
                ExpressionAttributeValues={
                    ":topic": {topic},
                    ":name": topic,
                    ":user": user.user_id,
                    ":expires": expires,
                    ":most": most,
                },
            )
        except self._connections.meta.client.exceptions.ConditionalCheckFailedException:
            reason = f"subscription limit of a connection reached ({most:,}): unsubscribe, or open another connection"
            raise RunError(reason, "limit") from None
        self._subscriptions.put_item(Item={"topic": topic, "connection_id": connection_id, "expires_at": expires})

    def unsubscribe(self, connection_id: str, topic: str) -> None:
        """Remove a subscription. Idempotent."""
        self._subscriptions.delete_item(Key={"topic": topic, "connection_id": connection_id})
        with suppress(self._connections.meta.client.exceptions.ConditionalCheckFailedException):  # its row was lost
            self._connections.update_item(
                Key={"connection_id": connection_id},
                UpdateExpression="DELETE topics :topic",
                ConditionExpression="attribute_exists(connection_id)",
                ExpressionAttributeValues={":topic": {topic}},
            )

    def subscribers(self, topic: str) -> Iterator[str]:
        """Yield the ids of the connections that are subscribed to `topic` and have not expired."""
        # TTL deletes rows hours after they expire.
        for item in query_all(self._subscriptions, KeyConditionExpression=Key("topic").eq(topic), ConsistentRead=True):
            if int(item["expires_at"]) > time.time():
                yield str(item["connection_id"])

    def remove(self, connection_id: str, topics: Iterable[str] = ()) -> None:
        """Remove a connection and its subscriptions, also those to `topics`. Idempotent."""
        self._remove(connection_id, topics)

    def remove_gone(self, connection_id: str, topics: Iterable[str] = ()) -> None:
        """Remove a connection that API Gateway does not know, as `remove` does, unless it may be still opening."""
        opened = _iso(datetime.now(UTC) - timedelta(seconds=OPENING_SECONDS))
        with suppress(self._connections.meta.client.exceptions.ConditionalCheckFailedException):
            self._remove(
                connection_id,
                topics,
                # A row that was lost, and made again by a subscription, has no time.
                ConditionExpression="attribute_not_exists(connected_at) OR connected_at < :opened",
                ExpressionAttributeValues={":opened": opened},
            )

    def _remove(self, connection_id: str, topics: Iterable[str], **condition: Any) -> None:
        before = self._connections.delete_item(
            Key={"connection_id": connection_id}, ReturnValues="ALL_OLD", **condition
        )
        known: Any = before.get("Attributes", {}).get("topics", ())
        with self._subscriptions.batch_writer() as batch:
            for topic in {*known, *topics}:
                batch.delete_item(Key={"topic": topic, "connection_id": connection_id})


def _expiry(user: User) -> int:
    return min(user.expires_at, int(time.time()) + MAX_CONNECTION_SECONDS)


def _iso(time: datetime) -> str:
    """Return a UTC time as it is stored; texts of this form sort by time."""
    return time.isoformat(timespec="milliseconds")
