"""Events of many runs, as they come."""

from collections import deque
from typing import cast

from tickfold.client.connection import Connection
from tickfold.client.incoming import Unknown
from tickfold.client.listener import Listener
from tickfold.client.session import Session
from tickfold.protocol import Message, RunEvent, Subscribe, Subscribed, Topic

MOST_KEPT = 256
"""Events for a caller that does not take them."""
_MOST_REMEMBERED = 4_096


class Subscription(Listener):
    """The events of a topic's runs from now on, as an async iterator that ends when it is unsubscribed.

    They come as the server sends them: each at most once, and not those of the time in which a connection was lost. Of
    a caller that is slow the oldest are dropped, and counted in `missed`; `Client.attach` gives a run's events whole.
    The server does not say for which topic it sends an event: where a client follows several things, a subscription to
    a user or a portfolio has the events of all of them.
    """

    def __init__(self, session: Session, topic: Topic, id: str | None) -> None:
        """Subscribe to `topic`."""
        self.topic = topic
        self.id = id
        self.missed = 0
        self._kept: deque[RunEvent] = deque()
        self._seen: dict[tuple[str | None, int], None] = {}
        super().__init__(session)

    def offer(self, message: Message) -> None:
        """Take `message`, if it is new and may be about the topic."""
        of_another = self.topic == "run" and message.run_id != self.id
        if of_another or isinstance(message, Unknown) or not self._is_new(message):
            return
        self._kept.append(cast(RunEvent, message))
        if len(self._kept) > MOST_KEPT:
            self._kept.popleft()
            self.missed += 1
        self._news.set()

    async def _ask(self) -> None:
        await self._session.ask(Subscribe(topic=self.topic, id=self.id), self._subscribed)

    async def _must_ask(self) -> bool:
        while not self._over and self.on is self._session.connection:
            self._wake.clear()
            await self._wake.wait()
        return not self._over

    def _subscribed(self, answer: Message, connection: Connection) -> None:
        if isinstance(answer, Subscribed):
            self._note_subscribed(connection)

    def _take(self) -> RunEvent | None:
        return self._kept.popleft() if self._kept else None

    def _is_new(self, message: Message) -> bool:
        key = message.run_id, message.sequence
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > _MOST_REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return True

    def _goes_on(self) -> str:
        return "the runs go on"
