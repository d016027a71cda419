"""The caller: the sender of one request, and how to reply to it."""

import time
from dataclasses import dataclass
from typing import Protocol

from tickfold.identity.user import User
from tickfold.protocol import Message, dump


class Sends(Protocol):
    """What replies are sent by: the sender to connections, or whatever answers a request without one."""

    def send(self, connection_id: str, text: str) -> bool: ...

    def disconnect(self, connection_id: str) -> None: ...


@dataclass
class Caller:
    """The sender of one request, on its connection.

    `message_id` is API Gateway's id of the request, the same when it is delivered twice; `correlation_id` is the
    client's, set once the request is parsed.
    """

    connection_id: str
    message_id: str
    user: User
    sender: Sends
    correlation_id: str | None = None

    @property
    def has_expired(self) -> bool:
        """Whether the caller's token has expired."""
        return self.user.expires_at <= time.time()

    def reply(self, message: Message) -> None:
        """Send `message` as the reply to the request."""
        self.send(dump(message.model_copy(update={"correlation_id": self.correlation_id})))

    def send(self, text: str) -> bool:
        """Send a message; return whether the connection exists."""
        return self.sender.send(self.connection_id, text)

    def disconnect(self) -> None:
        """Close the connection."""
        self.sender.disconnect(self.connection_id)
