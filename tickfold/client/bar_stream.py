"""The bars of one symbol, each once and in order, as the feed stores them."""

from typing import ClassVar

from tickfold.client.bar import Bar, bars_in
from tickfold.client.topic_stream import TopicStream
from tickfold.protocol import Message, SymbolBars, Topic


class BarStream(TopicStream[Bar]):
    """A symbol's bars: those so far of the last session, or those after a given number, and then each once stored.

    Bars that the server holds no longer count as missed: the data lake has them.
    """

    topic: ClassVar[Topic] = "symbol"
    message: ClassVar[str] = SymbolBars.model_fields["type"].default

    def _items(self, message: Message) -> list[Bar]:
        return list(bars_in(message)) if isinstance(message, SymbolBars) and message.symbol == self.id else []

    def _fate(self) -> str:
        return f"the feed of {self.id} continues"
