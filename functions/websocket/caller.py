"""Who sends a message, on which connection, and how to answer."""

import time
from dataclasses import dataclass
from typing import Any, Self

from functions import wiring
from tickfold.identity.user import User
from tickfold.protocol import Message, dump


@dataclass
class Caller:
    """The sender of one message. `message_id` is API Gateway's, the same when it hands the message over twice."""

    connection_id: str
    message_id: str
    identity: User
    correlation_id: str | None = None

    @classmethod
    def of(cls, event: dict[str, Any]) -> Self:
        """Return the sender of a WebSocket event, whom the authorizer has named at the handshake."""
        context = event["requestContext"]
        return cls(context["connectionId"], context["messageId"], User.of(context))

    @property
    def has_expired(self) -> bool:
        return self.identity.expires_at <= time.time()

    def answer(self, message: Message) -> None:
        """Send `message` as the answer to what was sent."""
        self.send(message.model_copy(update={"correlation_id": self.correlation_id}))

    def send(self, message: Message | str) -> bool:
        """Send `message`; return whether the connection was there. One that is gone is forgotten."""
        text = message if isinstance(message, str) else dump(message)
        there = wiring.post().send(self.connection_id, text)
        if not there:
            wiring.connections().remove(self.connection_id)
        return there
