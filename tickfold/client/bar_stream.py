"""The bars of one symbol, each once and in order, as the feed stores them."""

from collections import deque
from typing import Final

from tickfold.client.bar import Bar, bars_in
from tickfold.client.connection import Connection
from tickfold.client.incoming import Unreadable
from tickfold.client.numbered_listener import NumberedListener
from tickfold.client.sequence import Sequence
from tickfold.client.session import Session
from tickfold.protocol import Message, Subscribe, Subscribed, SymbolBars

_BARS: Final = SymbolBars.model_fields["type"].default
MOST_BARS = 10_000
"""Bars that are buffered for a slow caller: a week of a market that never closes."""


class BarStream(NumberedListener[Bar, Bar]):
    """A symbol's bars, each once and in order, as an async iterator that ends on `Client.unsubscribe`.

    It begins with the bars so far of the last session, or with those after a given number. Bars are buffered up to a
    bound for a slow caller; later ones are requested again once the buffer is drained. Bars that the server holds no
    longer, since the connection was lost for days, are left out and counted in `missed`: the data lake has them.
    """

    topic: Final = "symbol"

    def __init__(self, session: Session, symbol: str, after: int | None) -> None:
        """Prepare to follow `symbol` from the bar after number `after`; None is the beginning of the last session."""
        super().__init__(session, Sequence(after or 0, MOST_BARS))
        self.id = symbol
        self.missed = 0
        self._begins_after = after
        self._before_gap: deque[Bar] = deque()
        self._early: list[Bar] = []
        """Bars that came before the first reply, which says with which number the session begins."""

    @property
    def has_caught_up(self) -> bool:
        """Whether all bars that are known to exist have been taken: the next one is still to come."""
        return not self._before_gap and self._sequence.taken == self._sequence.highest

    def offer(self, message: Message) -> None:
        """Take the bars of `message`, if they are the symbol's."""
        if isinstance(message, Unreadable) and message.kind == _BARS:
            self.fail(message.fault())
        if not isinstance(message, SymbolBars) or message.symbol != self.id:
            return
        if self._begins_after is None:
            self._early += bars_in(message)
        else:
            self._add(bars_in(message))

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
        elif after > self._sequence.last:
            self._skip_to(after)
        self._note_sent(connection, answer.last_sequence or 0)

    def _skip_to(self, after: int) -> None:
        """Go on after number `after`: of the bars before it none comes any more."""
        kept, last = self._sequence.kept(), self._sequence.last
        before = [bar for bar in kept if bar.sequence <= after]
        self.missed += after - last - sum(bar.sequence > last for bar in before)
        self._before_gap += before
        self._continue_after(after, kept)

    def _continue_after(self, after: int, bars: list[Bar]) -> None:
        self._sequence = Sequence(after, MOST_BARS)
        self._add(bars)

    def _take(self) -> Bar | None:
        if self._before_gap:
            return self._before_gap.popleft()
        bar = self._sequence.take()
        if self._sequence.overflowed:
            self._wake.set()
        return bar

    def _fate(self) -> str:
        return f"the feed of {self.id} continues"
