"""The sender: posts messages to connections, and forgets those that are gone."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tickfold.realtime.connections import ConnectionStore

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

_GONE = ("GoneException", "410", "BadRequestException")
"""410: closed. 400: an id that API Gateway never gave out, such as that of the Lambda console's test event."""


class Sender:
    """Posts to the connections of one WebSocket API. `connections` is the table from which gone ones are removed."""

    def __init__(self, connections: ConnectionStore, api: "ApiGatewayManagementApiClient") -> None:
        self._connections = connections
        self._api = api

    def send(self, connection_id: str, text: str, topics: Iterable[str] = ()) -> bool:
        """Send `text`; return whether the connection exists. One that is gone is removed, also from `topics`.

        One that does not exist yet, since its handshake is not over, keeps its subscriptions: it gets what is
        published once it is open.
        """
        try:
            self._api.post_to_connection(ConnectionId=connection_id, Data=text.encode())
        except ClientError as error:
            if not _is_gone(error):
                raise
            self._connections.remove_gone(connection_id, topics)
            return False
        return True

    def disconnect(self, connection_id: str, topics: Iterable[str] = ()) -> None:
        """Remove a connection, also from `topics`, and close it, so that its client opens another. Idempotent."""
        try:
            self._connections.remove(connection_id, topics)
        finally:
            self._close(connection_id)

    def _close(self, connection_id: str) -> None:
        try:
            self._api.delete_connection(ConnectionId=connection_id)
        except ClientError as error:
            if not _is_gone(error):
                raise


def _is_gone(error: ClientError) -> bool:
    return error.response["Error"]["Code"] in _GONE
