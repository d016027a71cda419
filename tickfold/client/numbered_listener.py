"""The part that a run's handle and a symbol's bars share: numbered events, and requests for those that are missing."""

import asyncio
from collections.abc import Iterable
from typing import Generic

from tickfold.client.connection import Connection
from tickfold.client.listener import Event, Listener
from tickfold.client.sequence import Item, Sequence
from tickfold.client.session import Session


class NumberedListener(Listener[Event], Generic[Event, Item]):
    """Puts what arrives into `sequence`, and requests again what is missing or did not fit."""

    def __init__(self, session: Session, sequence: Sequence[Item], on: Connection | None = None) -> None:
        """Prepare to listen; `on` is the connection that the server already sends the events to."""
        super().__init__(session, on)
        self._sequence = sequence
        self._since = self._now()
        self._in_vain = 0

    def _add(self, items: Iterable[Item]) -> None:
        last, had_gap = self._sequence.last, self._sequence.has_gap
        for item in items:
            self._sequence.add(item)
        if self._sequence.last > last or self._sequence.has_gap > had_gap:
            self._since, self._in_vain = self._now(), 0
        self._news.set()
        self._wake.set()

    def _note_sent(self, connection: Connection, highest: int) -> None:
        """Note that the server sends on `connection` what was requested, up to number `highest` and what follows."""
        self._since = self._now()
        self._sequence.highest = max(self._sequence.highest, highest)
        self._note_subscribed(connection)

    async def _must_subscribe(self) -> bool:
        while not self._over:
            drained = self._sequence.taken == self._sequence.last
            if self.on is not self._session.connection or (self._sequence.overflowed and drained):
                return True
            self._wake.clear()
            try:
                async with asyncio.timeout_at(self._due()):
                    await self._wake.wait()
            except TimeoutError:
                self._in_vain += 1
                return True
        return False

    def _due(self) -> float | None:
        """Return when to request missing events; None while the buffer has no room for them."""
        if self._sequence.overflowed:
            return None
        patience = self._session.patience
        wait = patience.gap if self._sequence.has_gap else patience.quiet
        return self._since + wait * (1 << self._in_vain)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
