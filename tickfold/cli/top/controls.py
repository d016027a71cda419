"""What keys do: quit, pause, sort, scroll."""

from collections.abc import Iterator
from typing import Final

from tickfold.cli.top.snapshot import ORDERS

_ESCAPE: Final = "\x1b"
_LETTERS: Final = {"A": "up", "B": "down", "H": "home", "F": "end"}
_SEQUENCES: Final[dict[str, str]] = {
    **{f"{_ESCAPE}{prefix}{letter}": key for prefix in "[O" for letter, key in _LETTERS.items()},
    f"{_ESCAPE}[5~": "page up",
    f"{_ESCAPE}[6~": "page down",
}
"""What terminals send for keys that are no characters, by `ESC [` or, in application mode, `ESC O`."""
_FAR: Final = 1_000_000
"""Rows, more than there ever are."""


def keys_in(typed: str) -> Iterator[str]:
    """Yield the keys in what a terminal sends: characters, and names such as `page up`; nothing of unknown ones."""
    while typed:
        if found := next((sequence for sequence in _SEQUENCES if typed.startswith(sequence)), None):
            yield _SEQUENCES[found]
            typed = typed[len(found) :]
        elif typed.startswith(_ESCAPE):
            return
        else:
            yield typed[0].lower()
            typed = typed[1:]


class Controls:
    """What the user has chosen by keys."""

    def __init__(self) -> None:
        self.has_quit = False
        self.is_paused = False
        self.order = next(iter(ORDERS))
        self.offset = 0
        """Rows that are scrolled past, in each section that has so many more than it shows."""
        self.page = 1
        """Rows of a page, as they are drawn."""
        self.most = 0
        """The offset at which the last row of every section is shown."""

    def press(self, key: str) -> None:
        """Do what `key` stands for; nothing if it stands for nothing."""
        match key:
            case "q":
                self.has_quit = True
            case "p":
                self.is_paused = not self.is_paused
            case "s":
                orders = list(ORDERS)
                self.order = orders[(orders.index(self.order) + 1) % len(orders)]
            case _:
                self._scroll(key)

    def fit(self, page: int, most: int) -> None:
        """Take what the screen has room for, and stay within it."""
        self.page, self.most = max(page, 1), most
        self.offset = min(self.offset, most)

    def _scroll(self, key: str) -> None:
        steps = {"up": -1, "down": 1, "page up": -self.page, "page down": self.page, "home": -_FAR, "end": _FAR}
        self.offset = min(max(self.offset + steps.get(key, 0), 0), self.most)
