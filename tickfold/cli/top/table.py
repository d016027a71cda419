"""A section of the screen: a heading, and rows in columns, of which those that matter least give way to narrowness."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.text import Text

Cell = tuple[str, str]
"""A text and its style."""
_GAP = 2
_NARROWEST = 8
"""Columns that are left of the first column, and of the last one if it may be cut."""


@dataclass(frozen=True)
class Column:
    """A column. That with the highest `rank` is left out first where there is no room; rank 0 always stays."""

    title: str
    cell: Callable[[Any], Cell]
    rank: int = 0
    is_text: bool = False
    """Whether it is aligned to the left."""


@dataclass(frozen=True)
class Section:
    """Rows of one kind. The last column may be cut if it `is_cut`; `note` is a line below a row."""

    columns: Sequence[Column]
    rows: Sequence[Any]
    empty: str
    note: Callable[[Any], str | None] = lambda _row: None
    is_cut: bool = False


class Table:
    """A section laid out in a width: its heading and its lines, none of them wider."""

    def __init__(self, section: Section, width: int) -> None:
        from rich.text import Text  # noqa: PLC0415 - slow to load

        self._width = width
        cells = [[column.cell(row) for column in section.columns] for row in section.rows]
        natural = [
            max([len(column.title), *(len(row[at][0]) for row in cells)]) for at, column in enumerate(section.columns)
        ]
        widths = _widths(section, natural, width)
        self._columns = [(section.columns[at], at, widths[at]) for at in widths]
        self.heading = self._line([(column.title, "") for column in section.columns])
        self.lines: list[Text] = []
        for row, texts in zip(section.rows, cells, strict=True):
            self.lines.append(self._line(texts))
            if note := section.note(row):
                self.lines.append(self._cut(Text(f"  {note}", style="yellow")))
        if not self.lines:
            self.lines.append(self._cut(Text(section.empty, style="dim")))

    def _line(self, cells: Sequence[Cell]) -> "Text":
        from rich.text import Text  # noqa: PLC0415 - slow to load

        line = Text(no_wrap=True)
        for column, at, width in self._columns:
            text, style = cells[at]
            part = Text(text, style=style)
            part.truncate(width, overflow="ellipsis")
            part.align("left" if column.is_text else "right", width)
            line.append(" " * _GAP if line else "").append_text(part)
        return self._cut(line)

    def _cut(self, line: "Text") -> "Text":
        line.truncate(self._width, overflow="ellipsis")
        return line


def _widths(section: Section, natural: Sequence[int], width: int) -> dict[int, int]:
    """Return the widths of the columns for which there is room, by their places."""
    last = len(natural) - 1
    least = dict(enumerate(natural))
    least[0] = min(least[0], _NARROWEST)
    if section.is_cut:
        least[last] = min(least[last], _NARROWEST)
    while (over := sum(least.values()) + _GAP * (len(least) - 1) - width) > 0:
        at = max(least, key=lambda at: section.columns[at].rank)
        if section.columns[at].rank == 0:
            break
        del least[at]
    for at in (0, last):  # what is left goes to the two that may be cut
        if at in least:
            given = min(natural[at] - least[at], max(-over, 0))
            least[at], over = least[at] + given, over + given
    return least
