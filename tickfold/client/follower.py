"""What a session needs of whoever receives its events."""

from typing import Protocol

from tickfold.client.connection import Connection
from tickfold.protocol import Message


class Follower(Protocol):
    """Receives the events of runs, bars, or alerts. None of the methods may block."""

    @property
    def on(self) -> Connection | None:
        """The connection that the server sends the events to; None before the first subscription."""

    def offer(self, message: Message) -> None:
        """Take `message`, of a run, with bars or an alert, or ignore it."""

    def renew(self) -> None:
        """Subscribe again: there is a new connection."""

    def fail(self, error: Exception) -> None:
        """End: there will be no more events."""
