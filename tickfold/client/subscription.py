"""Events of many runs, as they are published."""

from collections import deque
from typing import cast

from tickfold.client.connection import Connection
from tickfold.client.incoming import Unknown
from tickfold.client.listener import Listener
from tickfold.client.session import Session
from tickfold.protocol import Message, RunEvent, RunTopic, Subscribe, Subscribed

MOST_KEPT = 256
"""Events that are buffered for a slow caller."""
_MOST_REMEMBERED = 4_096


class Subscription(Listener[RunEvent]):
    """The events of a topic's runs from now on, as an async iterator that ends on `Client.unsubscribe`.

    Each event arrives at most once; those sent while the connection was lost are missed. If the caller is slow, the
    oldest are dropped and counted in `missed`; `Client.attach` gives a run's events without gaps. The server does not
    say for which topic it sends an event: where a client follows several things, a subscription to a user or a
    portfolio receives the events of all of them.
    """

    def __init__(self, session: Session, topic: RunTopic, id: str | None) -> None:
        """Prepare to subscribe to `topic`."""
        super().__init__(session)
        self.topic = topic
        self.id = id
        self.missed = 0
        self._kept: deque[RunEvent] = deque()
        self._seen: dict[tuple[str | None, int], None] = {}

    def offer(self, message: Message) -> None:
        """Take `message`, if it is new and may belong to the topic."""
        of_another = self.topic == "run" and message.run_id != self.id
        of_no_run = message.run_id is None
        if of_no_run or of_another or isinstance(message, Unknown) or not self._is_new(message):
            return
        self._kept.append(cast(RunEvent, message))
        if len(self._kept) > MOST_KEPT:
            self._kept.popleft()
            self.missed += 1
        self._news.set()

    async def _subscribe(self) -> None:
        await self._session.ask(Subscribe(topic=self.topic, id=self.id), self._subscribed)

    async def _must_subscribe(self) -> bool:
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

    def _fate(self) -> str:
        return "the runs continue"
