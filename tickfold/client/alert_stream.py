"""A user's alerts, each once."""

from collections import deque
from typing import Final

from tickfold.client.connection import Connection
from tickfold.client.listener import Listener
from tickfold.client.session import Session
from tickfold.protocol import Alert, Alerts, ListAlerts, Message, Subscribe, Subscribed

_PAGE = 50


class AlertStream(Listener[Alert]):
    """The user's alerts from now on, each once, as an async iterator that ends on `Client.unsubscribe`.

    Those that come while the connection is lost are taken from the history once it is back.
    """

    topic: Final = "alerts"
    id: Final = None

    def __init__(self, session: Session) -> None:
        """Prepare to follow the alerts of the user whom the token identifies."""
        super().__init__(session)
        self._kept: deque[Alert] = deque()
        self._seen: set[str] = set()
        self._has_begun = False

    def offer(self, message: Message) -> None:
        """Take `message`, if it is an alert that has not been seen."""
        if isinstance(message, Alert) and message.alert_id not in self._seen:
            self._seen.add(message.alert_id)
            self._kept.append(message)
            self._news.set()

    async def _subscribe(self) -> None:
        if not self._has_begun:
            # Before the subscription: whatever is recorded after it is shown, however late it is pushed.
            self._seen |= {each.alert_id for each in await self._unseen()}
            self._has_begun = True
            await self._session.ask(Subscribe(topic="alerts"), self._subscribed)
        else:
            await self._session.ask(Subscribe(topic="alerts"), self._subscribed)
            missed = await self._unseen()
            self.behind = len(missed)
            for alert in reversed(missed):
                self.offer(alert)

    async def _unseen(self) -> list[Alert]:
        """Return what the history has since the last alert that was seen, the latest first; one page at the most
        before any was."""
        unseen: list[Alert] = []
        before: str | None = None
        while isinstance(page := await self._session.ask(ListAlerts(limit=_PAGE, before=before)), Alerts):
            found = [each.alert for each in page.alerts if each.alert.alert_id not in self._seen]
            unseen += found
            before = page.next
            if before is None or len(found) < len(page.alerts) or not self._has_begun:
                break
        return unseen

    def _subscribed(self, answer: Message, connection: Connection) -> None:
        if isinstance(answer, Subscribed):
            self._note_subscribed(connection)

    async def _must_subscribe(self) -> bool:
        while not self._over and self.on is self._session.connection:
            self._wake.clear()
            await self._wake.wait()
        return not self._over

    def _take(self) -> Alert | None:
        return self._kept.popleft() if self._kept else None

    def _fate(self) -> str:
        return "alerts are kept in the history"
