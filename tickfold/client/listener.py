"""The part that all listeners share: subscribe on each new connection, and hand events to one caller."""

import asyncio
from abc import ABC, abstractmethod
from typing import Generic, Self, TypeVar

from tickfold.client.connection import Connection
from tickfold.client.errors import UnreachableError
from tickfold.client.session import Session
from tickfold.protocol import Message

Event = TypeVar("Event")


class Listener(ABC, Generic[Event]):
    """An async iterator of events. Events are buffered for its caller; a slow caller blocks nobody else."""

    def __init__(self, session: Session, on: Connection | None = None) -> None:
        """Prepare to listen; `on` is the connection that the server already sends the events to."""
        self.on = on
        self.behind = 0
        """How many events there were on the server that had not come, when the last new connection began."""
        self._session = session
        self._news = asyncio.Event()
        self._wake = asyncio.Event()
        self._over = False
        self._failure: Exception | None = None

    def start(self) -> Self:
        """Receive events from now on, and subscribe whenever there is a new connection."""
        self._session.add(self)
        self._session.spawn(self._keep_subscribed())
        return self

    def __aiter__(self) -> Self:
        """Iterate over the events that have not been taken yet."""
        return self

    async def __anext__(self) -> Event:
        """Wait for the next event.

        Raises:
            RunError: there will be none: the server cannot be reached any more, or refuses to send it.
        """
        while (event := self._take()) is None:
            if self._failure:
                raise self._failure
            if self._over:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return event

    def close(self) -> None:
        """Stop listening. Runs and the feed continue."""
        self._over = True
        self._session.remove(self)
        self._news.set()
        self._wake.set()

    # --- what the session and the client call (`Follower`) -----------------------------------------------------------

    @abstractmethod
    def offer(self, message: Message) -> None:
        """Take `message`, if it belongs to what is listened to."""

    def renew(self) -> None:
        """Subscribe again: there is a new connection."""
        self.behind = 0
        self._wake.set()

    def fail(self, error: Exception) -> None:
        """End with `error`. Events that have arrived can still be taken."""
        self._failure = UnreachableError(f"{error}; {self._fate()}") if isinstance(error, UnreachableError) else error
        self.close()

    async def subscribed(self) -> None:
        """Wait for the first subscription.

        Raises:
            RunError: the server refuses it, or cannot be reached.
        """
        while self.on is None and not self._over:
            self._news.clear()
            await self._news.wait()
        if self._failure:
            raise self._failure

    # --- what subclasses define --------------------------------------------------------------------------------------

    @abstractmethod
    def _take(self) -> Event | None:
        """Return the next event; None if it has not arrived."""

    @abstractmethod
    def _fate(self) -> str:
        """Say what goes on after the connection is given up."""

    @abstractmethod
    async def _subscribe(self) -> None:
        """Send the request for the events."""

    @abstractmethod
    async def _must_subscribe(self) -> bool:
        """Wait until a subscription is due; return False at the end."""

    async def _keep_subscribed(self) -> None:
        try:
            while await self._must_subscribe():
                await self._subscribe()
        except Exception as error:  # whatever it is, the caller must get it
            self.fail(error)

    def _note_subscribed(self, connection: Connection) -> None:
        self.on = connection
        self._news.set()
        self._session.note_renewed()
