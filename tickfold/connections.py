"""Connections: who is connected, and how to send to them."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tickfold.identity import Identity

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb.service_resource import Table

TIME_TO_LIVE_SECONDS = 2 * 3_600 + 5 * 60
"""API Gateway closes a connection after two hours."""
ANONYMOUS = "anonymous"
"""Whom a connection that is not remembered belongs to."""

_GONE = ("GoneException", "410", "BadRequestException")
"""410: closed. 400: an id that API Gateway never gave out, such as that of the Lambda console's test event."""


class ConnectionStore:
    """The table of open connections. $disconnect is best effort, so rows also expire."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def add(self, connection_id: str, identity: Identity) -> None:
        """Remember a connection that is being opened, until its user's token expires."""
        item: dict[str, str | int | set[str]] = {
            "connection_id": connection_id,
            "user_id": identity.user_id,
            "connected_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "expires_at": min(identity.expires_at, int(time.time()) + TIME_TO_LIVE_SECONDS),
        }
        if identity.portfolios:  # DynamoDB takes no empty set
            item["portfolios"] = set(identity.portfolios)
        self._table.put_item(Item=item)

    def user_of(self, connection_id: str) -> str:
        """Return the user of a connection; an unknown or expired one belongs to nobody in particular."""
        item = self._table.get_item(Key={"connection_id": connection_id}).get("Item")
        if item is None or int(str(item["expires_at"])) < time.time():
            return ANONYMOUS
        return str(item["user_id"])

    def remove(self, connection_id: str) -> None:
        """Forget a connection; forgetting it twice is no error."""
        self._table.delete_item(Key={"connection_id": connection_id})


@dataclass(frozen=True)
class Post:
    """Sends text to connections."""

    client: "ApiGatewayManagementApiClient"
    connections: ConnectionStore

    def send(self, connection_id: str, text: str) -> bool:
        """Send `text`; return whether the connection was there. One that is gone is forgotten, and is no error."""
        try:
            self.client.post_to_connection(ConnectionId=connection_id, Data=text.encode())
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            self.connections.remove(connection_id)
            return False
        return True
