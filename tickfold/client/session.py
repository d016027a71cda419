"""One connection to the server, replaced whenever it is lost, and the requests and events that pass over it."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from tickfold.client.backoff import Backoff
from tickfold.client.connection import Connection, open_connection
from tickfold.client.connection_status import ConnectionStatus
from tickfold.client.errors import RefusedError, UnauthorizedError, UnavailableError, UnreachableError
from tickfold.client.follower import Follower
from tickfold.client.incoming import Unknown, Unreadable
from tickfold.client.patience import Patience
from tickfold.client.pending import OnAnswer, PendingRequests
from tickfold.client.token import Token, current
from tickfold.errors import RunError
from tickfold.protocol import Alert, Error, GetResult, JournalEntry, Message, PortfolioState, Request, SymbolBars

_OF_TOPICS = SymbolBars | JournalEntry | PortfolioState | Alert
"""Messages that are pushed and belong to no run."""
_MOST_SENDINGS = 3
"""Attempts to send a request over connections that stay open, before the server counts as unable to answer it."""


class Session:
    """One connection at a time, replaced when it is lost and before it expires."""

    def __init__(self, url: str, token: Token, patience: Patience, watch: Callable[[bool], None]) -> None:
        """Prepare to connect to `url`; `watch` is called with False when the connection is lost, True when it is back.

        Nothing runs before `open`.
        """
        self.patience = patience
        self.followers: list[Follower] = []
        self._url = url
        self._token = token
        self._watch = watch
        self._backoff = Backoff(patience.first_retry, patience.longest_retry)
        self._current: Connection | None = None
        self._open: set[Connection] = set()
        self._pending = PendingRequests()
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._failure: Exception | None = UnreachableError("the client is not open: use it in `async with`")
        self._lost_since: float | None = None

    async def open(self) -> None:
        """Open the first connection, and keep connected from then on.

        Raises:
            UnreachableError, UnauthorizedError: it cannot be opened, or not within `patience.opening`.
        """
        connection = await self._connect_first()
        self._failure = None
        self._use(connection)
        self.spawn(self._keep_connected(connection))

    async def close(self) -> None:
        """End all tasks and close the connection, within `patience.closing` seconds if the server does not answer."""
        self._end(UnreachableError("the client is closed"))
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(connection.close() for connection in self._open))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Start a task that is cancelled when the session closes."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def connection(self) -> Connection | None:
        """The open connection; None while there is none."""
        return self._current if self._current and not self._current.lost.done() else None

    @property
    def status(self) -> ConnectionStatus:
        """What there is to say of the connection now."""
        if (connection := self.connection) is None:
            return ConnectionStatus(is_open=False, retry_in=self._backoff.left)
        expires_at = connection.token_expires_at
        return ConnectionStatus(is_open=True, token_expires_in=None if expires_at is None else expires_at - time.time())

    # --- followers ---------------------------------------------------------------------------------------------------

    def add(self, follower: Follower) -> None:
        """Deliver events to `follower` from now on."""
        self.followers.append(follower)

    def remove(self, follower: Follower) -> None:
        """Deliver no more events to `follower`. Idempotent."""
        if follower in self.followers:
            self.followers.remove(follower)
        self.note_renewed()

    def note_renewed(self) -> None:
        """Note that a follower has subscribed on another connection."""
        self._changed.set()

    # --- requests ----------------------------------------------------------------------------------------------------

    async def ask(self, request: Request, on_answer: OnAnswer = lambda _answer, _connection: None) -> Message:
        """Send `request` until it is answered, over as many connections as that takes, and return the answer.

        `on_answer` is called with the answer before any later message is delivered.

        Raises:
            RefusedError: the answer is `error`.
            UnreachableError: no connection could be opened, or the server does not answer.
        """
        with self._pending.add(request, on_answer) as pending:
            return _checked(await self._answer(pending.request, pending.answer))

    async def _answer(self, request: Request, answer: asyncio.Future[Message]) -> Message:
        sendings = 0
        while sendings < _MOST_SENDINGS:
            connection = await self._connected()
            await connection.send(request)
            awaited: set[asyncio.Future[Any]] = {answer, connection.lost}
            await asyncio.wait(awaited, timeout=self.patience.answer, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
            if not connection.lost.done():
                sendings += 1
        raise UnreachableError(f"{self._url} does not answer {request.type}")

    async def _connected(self) -> Connection:
        while self._failure is None:
            if connection := self.connection:
                return connection
            self._changed.clear()
            await self._changed.wait()
        raise self._failure

    def _deliver(self, connection: Connection, message: Message) -> None:
        if isinstance(message, Error) and message.code == "expired":
            connection.abandon()  # pending requests are sent again, over a connection with another token
            return
        self._backoff.reset()
        self._lost_since = None
        pending = self._pending.settle(message, connection)
        # The answer to get_result repeats a run's last event; it is no new event.
        is_repeated = pending is not None and isinstance(pending.request, GetResult)
        is_of_run = message.run_id and message.sequence and not is_repeated
        of_topic = message.run_id is None and isinstance(message, _OF_TOPICS | Unreadable)
        if is_of_run or of_topic:
            for follower in tuple(self.followers):
                follower.offer(message)

    # --- connections -------------------------------------------------------------------------------------------------

    async def _keep_connected(self, connection: Connection) -> None:
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(connection.renew_at):
                        await asyncio.wait({connection.lost})
                        connection.lost.result()  # raises the error that ended it, such as an invalid message
                another = await self._replace(connection)
                self._use(another)
                await self._renewed()
                await self._close(connection)
                connection = another
        except Exception as error:  # whatever it is, pending requests and followers must get it
            self._end(error)
            for each in self._open:
                each.abandon()

    async def _replace(self, old: Connection) -> Connection:
        """Open a connection in place of `old`, with exponential backoff. No event is lost while `old` is open.

        Raises:
            UnreachableError: it has taken longer than `patience.reconnecting`.
            UnauthorizedError: the token is not accepted any more.
        """
        why: Exception | str = "the server closes it at once"
        while True:
            if self._lost_for() > self.patience.reconnecting:
                raise UnreachableError(f"the connection was lost and could not be opened again ({why})")
            if old.lost.done():
                await self._backoff.pause()
            try:
                return await self._connect()
            except (RunError, OSError) as error:
                if old.lost.done() and isinstance(error, UnauthorizedError):
                    raise
                why = error
            if not old.lost.done():
                await self._backoff.pause()

    async def _renewed(self) -> None:
        """Wait until all followers are subscribed on the current connection, so that the old one can be closed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.patience.answer):
                while (now := self.connection) and any(follower.on is not now for follower in self.followers):
                    self._changed.clear()
                    await self._changed.wait()

    async def _connect_first(self) -> Connection:
        clock = asyncio.get_running_loop().time
        until = clock() + self.patience.opening
        while True:
            try:
                return await self._connect()
            except UnavailableError:
                if clock() >= until:
                    raise
            await self._backoff.pause()

    async def _connect(self) -> Connection:
        token = await current(self._token)
        connection = await open_connection(self._url, token, self._deliver, self.patience)
        self._open.add(connection)
        connection.lost.add_done_callback(lambda _lost: self._note_lost(connection))
        return connection

    def _use(self, connection: Connection) -> None:
        was_lost = self._current is not None and self._current.lost.done()
        self._current = connection
        self._changed.set()
        for follower in tuple(self.followers):
            follower.renew()
        if was_lost:
            self._watch(True)

    async def _close(self, connection: Connection) -> None:
        await connection.close()
        self._open.discard(connection)

    def _note_lost(self, connection: Connection) -> None:
        self._changed.set()
        if connection is not self._current or self._failure:
            return
        if self._lost_since is None:
            self._lost_since = asyncio.get_running_loop().time()
        self._watch(False)

    def _lost_for(self) -> float:
        now = asyncio.get_running_loop().time()
        return now - (now if self._lost_since is None else self._lost_since)

    def _end(self, error: Exception) -> None:
        self._failure = self._failure or error
        self._changed.set()
        for follower in tuple(self.followers):
            follower.fail(self._failure)


def _checked(answer: Message) -> Message:
    match answer:
        case Error():
            raise RefusedError(answer.code, answer.reason)
        case Unreadable():
            raise answer.fault()
        case Unknown():
            raise UnreachableError("the server's answer has a type that this version of Tickfold does not know")
    return answer
