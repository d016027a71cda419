"""Numbered topics: each item once and in order, from the state so far on, through lost connections."""

from abc import abstractmethod
from collections import deque
from collections.abc import Iterable
from typing import ClassVar, Generic

from tickfold.client.connection import Connection
from tickfold.client.incoming import Unreadable
from tickfold.client.numbered_listener import NumberedListener
from tickfold.client.sequence import Item, Sequence
from tickfold.client.session import Session
from tickfold.protocol import Message, Subscribe, Subscribed, Topic

MOST_ITEMS = 10_000
"""Items that are buffered for a slow caller: a week of minutes of a market that never closes."""


class TopicStream(NumberedListener[Item, Item], Generic[Item]):
    """The items of a topic, each once and in order, as an async iterator that ends on `Client.unsubscribe`.

    Items are buffered up to a bound for a slow caller; later ones are requested again once the buffer is drained. Those
    that the server does not send any more, since the connection was lost for long, are left out and counted in
    `missed`.
    """

    topic: ClassVar[Topic]
    message: ClassVar[str]
    """The type of the messages that have the items."""

    def __init__(self, session: Session, id: str, after: int | None) -> None:
        """Prepare to follow `id` from the item after number `after`; where it is None, the server says from where."""
        super().__init__(session, Sequence(after or 0, MOST_ITEMS))
        self.id = id
        self.missed = 0
        self._begins_after = after
        self._before_gap: deque[Item] = deque()
        self._early: list[Item] = []
        """Items that came before the first reply, which says with which number they begin."""

    @property
    def has_caught_up(self) -> bool:
        """Whether all items that are known to exist have been taken: the next one is still to come."""
        return not self._before_gap and self._sequence.taken == self._sequence.highest

    @abstractmethod
    def _items(self, message: Message) -> Iterable[Item]:
        """Return the items of `message`, if they are those of `id`."""

    def offer(self, message: Message) -> None:
        """Take the items of `message`, if they are of this topic."""
        if isinstance(message, Unreadable) and message.kind == self.message:
            self.fail(message.fault())
        items = self._items(message)
        if self._begins_after is None:
            self._early += items
        elif items:
            self._add(items)

    async def _subscribe(self) -> None:
        self._sequence.overflowed = False
        after = None if self._begins_after is None else self._sequence.last
        await self._session.ask(Subscribe(topic=self.topic, id=self.id, after=after), self._subscribed)

    def _subscribed(self, answer: Message, connection: Connection) -> None:
        if not isinstance(answer, Subscribed):
            return
        after = answer.after or 0
        if self._begins_after is None:
            self._begins_after = after
            self._continue_after(after, self._early)
        else:
            if connection is not self.on:
                self.behind = max((answer.last_sequence or 0) - self._sequence.last, 0)
            if after > self._sequence.last:
                self._skip_to(after)
        self._note_sent(connection, answer.last_sequence or 0)

    def _skip_to(self, after: int) -> None:
        """Go on after number `after`: of the items before it none comes any more."""
        kept, last = self._sequence.kept(), self._sequence.last
        before = [item for item in kept if item.sequence <= after]
        self.missed += after - last - sum(item.sequence > last for item in before)
        self._before_gap += before
        self._continue_after(after, kept)

    def _continue_after(self, after: int, items: list[Item]) -> None:
        self._sequence = Sequence(after, MOST_ITEMS)
        self._add(items)

    def _take(self) -> Item | None:
        if self._before_gap:
            return self._before_gap.popleft()
        item = self._sequence.take()
        if self._sequence.overflowed:
            self._wake.set()
        return item
