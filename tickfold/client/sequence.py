"""A run's messages put in order, each once, in bounded memory."""

from tickfold.protocol import Message

WINDOW = 256
"""Messages that are buffered for a slow caller: at 32 kB each, 8 MB at most."""


class Sequence:
    """The messages of one run: they arrive repeated and in any order, and are taken once and in order.

    Those too far ahead of what was taken are dropped: the server has them, and sends them again on request.
    """

    def __init__(self, after: int = 0, window: int = WINDOW) -> None:
        """Begin with the message that follows number `after`; keep up to `window` messages."""
        self.taken = after
        """The number of the last message that was taken."""
        self.last = after
        """The number up to which nothing is missing."""
        self.highest = after
        """The highest number that is known to exist."""
        self.overflowed = False
        """Whether messages have been dropped."""
        self._window = window
        self._kept: dict[int, Message] = {}

    def __len__(self) -> int:
        """Return how many messages are kept."""
        return len(self._kept)

    @property
    def has_gap(self) -> bool:
        """Whether a message is missing that is known to exist."""
        return self.last < self.highest

    def add(self, message: Message) -> None:
        """Buffer `message`, unless it arrived before or is too far ahead."""
        self.highest = max(self.highest, message.sequence)
        if message.sequence > self.taken + self._window:
            self.overflowed = True
        elif message.sequence > self.last:
            self._kept.setdefault(message.sequence, message)
        while self.last + 1 in self._kept:
            self.last += 1

    def take(self) -> Message | None:
        """Return the next message; None if it has not arrived."""
        message = self._kept.pop(self.taken + 1, None)
        if message is not None:
            self.taken += 1
        return message
