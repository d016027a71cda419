"""A connection that is there again whenever it is lost, and the questions and answers that pass over it."""

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tickfold.client.backoff import Backoff
from tickfold.client.connection import Connection, open_connection
from tickfold.client.errors import RefusedError, UnauthorizedError, UnreachableError
from tickfold.client.incoming import Unknown, Unreadable
from tickfold.client.patience import Patience
from tickfold.client.token import Token, current
from tickfold.errors import RunError
from tickfold.protocol import Error, GetResult, Message, Request

if TYPE_CHECKING:
    from tickfold.client.listener import Listener

Heard = Callable[[Message, Connection], None]
_MOST_SENDINGS = 3
"""Of one request over connections that stay, before the server is taken to be unable to answer it."""


@dataclass
class _Question:
    request: Request
    answer: asyncio.Future[Message]
    heard: Heard


class Session:
    """One connection at a time, replaced when it is lost and before its time is up."""

    def __init__(self, url: str, token: Token, patience: Patience, watch: Callable[[bool], None]) -> None:
        """Talk to `url`; `watch` is told False when the connection is lost, and True when there is one again."""
        self.patience = patience
        self.listeners: list[Listener] = []
        self._url = url
        self._token = token
        self._watch = watch
        self._backoff = Backoff(patience.first_retry, patience.longest_retry)
        self._current: Connection | None = None
        self._open: set[Connection] = set()
        self._questions: dict[str, _Question] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._failure: Exception | None = UnreachableError("the client is not open: use it in `async with`")
        self._lost_since: float | None = None

    async def open(self) -> None:
        """Open the first connection.

        Raises:
            UnreachableError, UnauthorizedError: it cannot be opened.
        """
        connection = await self._connect()
        self._failure = None
        self._use(connection)
        self.spawn(self._keep_connected(connection))

    async def close(self) -> None:
        """End everything. It takes `patience.closing` seconds at most, if the server does not answer."""
        self._end(UnreachableError("the client is closed"))
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(connection.close() for connection in self._open))

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task that ends with the session, if it has not ended before."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def connection(self) -> Connection | None:
        """The connection, if there is one now."""
        return self._current if self._current and not self._current.lost.done() else None

    def note_renewed(self) -> None:
        """Note that a listener has its messages sent to another connection."""
        self._changed.set()

    # --- questions ---------------------------------------------------------------------------------------------------

    async def ask(self, request: Request, heard: Heard = lambda _answer, _connection: None) -> Message:
        """Send `request` until it is answered, over as many connections as that takes, and return the answer.

        `heard` is called with the answer before any message behind it is looked at.

        Raises:
            RefusedError: the answer is `error`.
            UnreachableError: there is no connection any more, or no answer.
        """
        name = uuid.uuid4().hex
        request = request.model_copy(update={"correlation_id": name})
        question = _Question(request, asyncio.get_running_loop().create_future(), heard)
        self._questions[name] = question
        try:
            return _granted(await self._answer(request, question.answer))
        finally:
            self._questions.pop(name, None)

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
            connection.abandon()  # what was asked over it is asked again, with another token
            return
        self._backoff.reset()
        self._lost_since = None
        question = self._questions.pop(message.correlation_id or "", None)
        if question and not question.answer.done():
            question.heard(message, connection)
            question.answer.set_result(message)
        # The end of a run that was asked for is quoted: it has not just happened.
        is_quoted = question is not None and isinstance(question.request, GetResult)
        if message.run_id and message.sequence and not is_quoted:
            for listener in tuple(self.listeners):
                listener.offer(message)

    # --- connections -------------------------------------------------------------------------------------------------

    async def _keep_connected(self, connection: Connection) -> None:
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(connection.renew_at):
                        await asyncio.wait({connection.lost})
                        connection.lost.result()  # raises what was wrong with a message, if that is why it ended
                another = await self._replace(connection)
                self._use(another)
                await self._renewed()
                await self._close(connection)
                connection = another
        except Exception as error:  # whatever it is, those who wait must be told
            self._end(error)
            for each in self._open:
                each.abandon()

    async def _replace(self, old: Connection) -> Connection:
        """Open a connection in place of `old`, with longer and longer pauses. While `old` is open nothing is lost.

        Raises:
            UnreachableError: that has taken too long.
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
        """Wait until the listeners have their messages sent to the connection, so that another can be closed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.patience.answer):
                while (now := self.connection) and any(listener.on is not now for listener in self.listeners):
                    self._changed.clear()
                    await self._changed.wait()

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
        for listener in tuple(self.listeners):
            listener.renew()
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
        for listener in tuple(self.listeners):
            listener.fail(self._failure)


def _granted(answer: Message) -> Message:
    match answer:
        case Error():
            raise RefusedError(answer.code, answer.reason)
        case Unreadable():
            raise answer.fault()
        case Unknown():
            raise UnreachableError("the server's answer is of a type that this version of Tickfold does not know")
    return answer
