"""Connections: who is connected, what each connection is subscribed to, and how to send to it."""

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

from tickfold.errors import RunError
from tickfold.identity.user import User

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb.service_resource import Table

LONGEST_SECONDS = 2 * 3_600 + 300
"""API Gateway closes a connection after two hours."""
MOST_TOPICS = 200
"""That one connection may subscribe to."""
MOST_TOPICS_OF_ROW = 4_000
"""Those of the runs that it starts included, which other limits bound; so many fit into its row."""

_GONE = ("GoneException", "410", "BadRequestException")
"""410: closed. 400: an id that API Gateway never gave out, such as that of the Lambda console's test event."""


class ConnectionStore:
    """The tables of open connections and of their subscriptions.

    Rows expire with the connection or with its token, whichever comes first: $disconnect is best effort.
    """

    def __init__(self, connections: "Table", subscriptions: "Table") -> None:
        self._connections = connections
        self._subscriptions = subscriptions

    def add(self, connection_id: str, identity: User) -> None:
        """Remember a connection that is being opened."""
        item: dict[str, Any] = {
            "connection_id": connection_id,
            "user_id": identity.user_id,
            "connected_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "expires_at": _expiry(identity),
        }
        if identity.portfolios:
            item["portfolios"] = set(identity.portfolios)
        self._connections.put_item(Item=item)

    def subscribe(self, connection_id: str, identity: User, topic: str, most: int = MOST_TOPICS) -> None:
        """Subscribe a connection to `topic`; to do it twice is no error. A row that was lost is made again.

        Raises:
            RunError: it is subscribed to `most` topics, or more, already.
        """
        expires = _expiry(identity)
        try:
            self._connections.update_item(
                Key={"connection_id": connection_id},
                UpdateExpression="ADD topics :topic SET user_id = :user, expires_at = :expires",
                ConditionExpression="attribute_not_exists(topics) OR size(topics) < :most OR contains(topics, :name)",
                ExpressionAttributeValues={
                    ":topic": {topic},
                    ":name": topic,
                    ":user": identity.user_id,
                    ":expires": expires,
                    ":most": most,
                },
            )
        except self._connections.meta.client.exceptions.ConditionalCheckFailedException:
            reason = f"a connection may have {most:,} subscriptions, and this one has: unsubscribe, or open another"
            raise RunError(reason, "limit") from None
        self._subscriptions.put_item(Item={"topic": topic, "connection_id": connection_id, "expires_at": expires})

    def unsubscribe(self, connection_id: str, topic: str) -> None:
        """Undo it; to undo it twice is no error."""
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
        more: dict[str, Any] = {}
        while True:
            found = self._subscriptions.query(
                KeyConditionExpression=Key("topic").eq(topic), ConsistentRead=True, **more
            )
            for item in found["Items"]:
                if int(str(item["expires_at"])) > time.time():
                    yield str(item["connection_id"])
            if "LastEvaluatedKey" not in found:
                return
            more = {"ExclusiveStartKey": found["LastEvaluatedKey"]}

    def remove(self, connection_id: str, topics: Iterable[str] = ()) -> None:
        """Forget a connection and its subscriptions, also those to `topics`; to forget it twice is no error."""
        before = self._connections.delete_item(Key={"connection_id": connection_id}, ReturnValues="ALL_OLD")
        known: Any = before.get("Attributes", {}).get("topics", ())
        with self._subscriptions.batch_writer() as batch:
            for topic in {*known, *topics}:
                batch.delete_item(Key={"topic": topic, "connection_id": connection_id})


def _expiry(identity: User) -> int:
    return min(identity.expires_at, int(time.time()) + LONGEST_SECONDS)


@dataclass(frozen=True)
class Post:
    """Sends messages to connections, one after the other."""

    client: "ApiGatewayManagementApiClient"

    def send(self, connection_id: str, text: str) -> bool:
        """Send `text`; return whether the connection was there."""
        try:
            self.client.post_to_connection(ConnectionId=connection_id, Data=text.encode())
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            return False
        return True

    def close(self, connection_id: str) -> None:
        """Close a connection, so that its client opens another; one that is closed already is no error."""
        try:
            self.client.delete_connection(ConnectionId=connection_id)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
