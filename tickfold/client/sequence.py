"""What is numbered put in order, each once, in bounded memory: a run's messages, a symbol's bars."""

from typing import Generic, Protocol, TypeVar


class Numbered(Protocol):
    """An item with its place among those of its kind: 1, 2, 3 …"""

    @property
    def sequence(self) -> int: ...


Item = TypeVar("Item", bound=Numbered)


class Sequence(Generic[Item]):
    """Items arrive repeated and in any order, and are taken once and in order.

    Those too far ahead of what was taken are dropped: the server has them, and sends them again on request.
    """

    def __init__(self, after: int, window: int) -> None:
        """Begin with the item that follows number `after`; keep up to `window` items."""
        self.taken = after
        """The number of the last item that was taken."""
        self.last = after
        """The number up to which nothing is missing."""
        self.highest = after
        """The highest number that is known to exist."""
        self.overflowed = False
        """Whether items have been dropped."""
        self._window = window
        self._kept: dict[int, Item] = {}

    def __len__(self) -> int:
        """Return how many items are kept."""
        return len(self._kept)

    @property
    def has_gap(self) -> bool:
        """Whether an item is missing that is known to exist."""
        return self.last < self.highest

    def add(self, item: Item) -> None:
        """Buffer `item`, unless it arrived before or is too far ahead."""
        self.highest = max(self.highest, item.sequence)
        if item.sequence > self.taken + self._window:
            self.overflowed = True
        elif item.sequence > self.last:
            self._kept.setdefault(item.sequence, item)
        while self.last + 1 in self._kept:
            self.last += 1

    def take(self) -> Item | None:
        """Return the next item; None if it has not arrived."""
        item = self._kept.pop(self.taken + 1, None)
        if item is not None:
            self.taken += 1
        return item

    def kept(self) -> list[Item]:
        """Return the items that are kept, in order, also those after a gap."""
        return [self._kept[number] for number in sorted(self._kept)]
