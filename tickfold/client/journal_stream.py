"""The journal of one portfolio, each entry once and in order, as it is written."""

from typing import ClassVar

from tickfold.client.topic_stream import TopicStream
from tickfold.protocol import JournalEntry, Message, PortfolioState, Topic


class JournalStream(TopicStream[JournalEntry]):
    """A portfolio's journal: the entries after a given number, and then each once written.

    `portfolio` is the portfolio as it was when the entries began, where the server sent it in place of earlier ones:
    without a number, or where too many have been missed.
    """

    topic: ClassVar[Topic] = "journal"
    message: ClassVar[str] = JournalEntry.model_fields["type"].default
    portfolio: PortfolioState | None = None

    def offer(self, message: Message) -> None:
        """Take the portfolio, or an entry of its journal."""
        if isinstance(message, PortfolioState) and self._is_pushed(message):
            self.portfolio = message
        super().offer(message)

    def _is_pushed(self, message: PortfolioState) -> bool:
        """Return whether it follows the subscription, and is no answer to another request."""
        return message.correlation_id is None and message.portfolio.portfolio == self.id

    def _items(self, message: Message) -> list[JournalEntry]:
        return [message] if isinstance(message, JournalEntry) and message.portfolio == self.id else []

    def _fate(self) -> str:
        return f"portfolio {self.id} continues"
