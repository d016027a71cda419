"""What follows runs, over one connection after another, and gives their events to one caller."""

import asyncio
from abc import ABC, abstractmethod
from typing import Self

from tickfold.client.connection import Connection
from tickfold.client.errors import UnreachableError
from tickfold.client.session import Session
from tickfold.protocol import Message, RunEvent


class Listener(ABC):
    """An async iterator of events. They wait for its caller, who so holds up nobody else."""

    def __init__(self, session: Session, on: Connection | None = None) -> None:
        """Listen to a session; `on` is the connection that the server sends the events to already."""
        self.on = on
        self._session = session
        self._news = asyncio.Event()
        self._wake = asyncio.Event()
        self._over = False
        self._failure: Exception | None = None
        session.listeners.append(self)
        session.spawn(self._keep())

    def __aiter__(self) -> Self:
        """Iterate over the events that have not been taken yet."""
        return self

    async def __anext__(self) -> RunEvent:
        """Wait for the next event.

        Raises:
            RunError: there will be none, since the server cannot be reached any more, or refuses to send it.
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
        """Listen no longer. The runs themselves go on."""
        self._over = True
        if self in self._session.listeners:
            self._session.listeners.remove(self)
        self._news.set()
        self._wake.set()
        self._session.note_renewed()

    # --- for the session and the client ------------------------------------------------------------------------------

    @abstractmethod
    def offer(self, message: Message) -> None:
        """Take a run's `message`, if it is of those that are listened to."""

    def renew(self) -> None:
        """Note that there is another connection, to which the server does not send the events yet."""
        self._wake.set()

    def fail(self, error: Exception) -> None:
        """Note that there will be no more events. Those that have come may still be taken."""
        self._failure = (
            UnreachableError(f"{error}; {self._goes_on()}") if isinstance(error, UnreachableError) else error
        )
        self.close()

    async def subscribed(self) -> None:
        """Wait until the server sends the events.

        Raises:
            RunError: it will not.
        """
        while self.on is None and not self._over:
            self._news.clear()
            await self._news.wait()
        if self._failure:
            raise self._failure

    # --- for those that are listeners --------------------------------------------------------------------------------

    @abstractmethod
    def _take(self) -> RunEvent | None:
        """Return the next event, if it has come."""

    @abstractmethod
    def _goes_on(self) -> str:
        """Say what goes on where it can be listened to no longer."""

    @abstractmethod
    async def _ask(self) -> None:
        """Ask the server to send the events."""

    @abstractmethod
    async def _must_ask(self) -> bool:
        """Wait until the server must be asked for events; return False if that will never be."""

    async def _keep(self) -> None:
        try:
            while await self._must_ask():
                await self._ask()
        except Exception as error:  # whatever it is, who waits must be told
            self.fail(error)

    def _note_subscribed(self, connection: Connection) -> None:
        self.on = connection
        self._news.set()
        self._session.note_renewed()
