"""A caller without a connection: over HTTP the first message of a reply is the answer, and nothing can follow it."""

from dataclasses import dataclass, field

from tickfold.identity.user import User
from tickfold.realtime.caller import Caller
from tickfold.realtime.connections import MOST_TOPICS


@dataclass
class Answer:
    """Keeps the first message that is sent to its caller; for the later ones there is no connection."""

    text: str = field(default="", init=False)

    def send(self, connection_id: str, text: str) -> bool:  # noqa: ARG002 - there is one caller only
        """Keep `text` if it is the first; return that no connection exists."""
        self.text = self.text or text
        return False

    def disconnect(self, connection_id: str) -> None:
        """Close nothing."""


class Unsubscribed:
    """Subscriptions of callers without a connection: none. Their clients ask for what they want to follow."""

    def subscribe(self, connection_id: str, user: User, topic: str, most: int = MOST_TOPICS) -> None:
        """Subscribe nothing."""

    def unsubscribe(self, connection_id: str, topic: str) -> None:
        """Unsubscribe nothing."""


def caller_without_connection(user: User, request_id: str, answer: Answer) -> Caller:
    """Return the sender of the request `request_id`; `answer` keeps the reply."""
    return Caller("", request_id, user, answer)
