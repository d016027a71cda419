"""Requests that wait for their answers, matched by correlation id."""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tickfold.client.connection import Connection
from tickfold.protocol import Message, Request

OnAnswer = Callable[[Message, Connection], None]
"""Called with an answer before any later message is delivered."""


@dataclass(frozen=True)
class PendingRequest:
    """A request with its correlation id, and its answer once it has arrived."""

    request: Request
    answer: asyncio.Future[Message]
    on_answer: OnAnswer


class PendingRequests:
    """The requests of one session that are not answered yet."""

    def __init__(self) -> None:
        """Begin with none."""
        self._by_id: dict[str, PendingRequest] = {}

    @contextmanager
    def add(self, request: Request, on_answer: OnAnswer) -> Iterator[PendingRequest]:
        """Wait for the answer to `request`, under a new correlation id, until the context ends."""
        correlation_id = uuid.uuid4().hex
        identified = request.model_copy(update={"correlation_id": correlation_id})
        pending = PendingRequest(identified, asyncio.get_running_loop().create_future(), on_answer)
        self._by_id[correlation_id] = pending
        try:
            yield pending
        finally:
            self._by_id.pop(correlation_id, None)

    def settle(self, message: Message, connection: Connection) -> PendingRequest | None:
        """Hand an answer to its request, and return that; None if `message` answers none."""
        pending = self._by_id.pop(message.correlation_id or "", None)
        if pending and not pending.answer.done():
            pending.on_answer(message, connection)
            pending.answer.set_result(message)
        return pending
