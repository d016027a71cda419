"""Named lines in braille dots for the terminal, with amounts on the left and labels below."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

ROWS = 10
WIDEST = 110
_DOTS_DOWN, _DOTS_ACROSS = 4, 2
_BLANK = 0x2800
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each dot in the code point of a braille character, row by row."""
_BLOCKS = " ▁▂▃▄▅▆▇█"

Dots = dict[tuple[int, int], int]
"""The dots of each character, by row and column."""


@dataclass(frozen=True)
class Line:
    """A line: its name, its values from left to right (None where it has none yet), and its colour."""

    name: str
    values: Sequence[float | None]
    style: str


def line_chart(
    lines: Sequence[Line],
    labels: Sequence[str],
    width: int,
    *,
    rows: int = ROWS,
    decimals: int = 2,
    volumes: Sequence[float] = (),
) -> "Text":
    """Draw `lines`, each of at least two values and as many as the others, in at most `width` columns.

    A line covers those after it. `labels` stand below at the left, in the middle and at the right; the middle one is
    left out where there is no room. `volumes` are drawn as a row of columns. The last row is the legend, with the last
    value of each line to so many `decimals`.
    """
    from rich.text import Text  # noqa: PLC0415 - slow to load

    known = [value for line in lines for value in line.values if value is not None]
    low, high = min(known), max(known)
    if high == low:
        low, high = low - 1, high + 1
    amounts = _amounts(low, high, rows)
    margin = max(map(len, amounts.values()))
    columns = max(min(width, WIDEST) - margin - 2, 2)
    drawn = [(line.style, _dots(line.values, low, high, rows, columns)) for line in lines]
    text = Text()
    for row in range(rows):
        text.append(f"{amounts.get(row, ''):>{margin}} {'┤' if row in amounts else '│'}", style="dim")
        for column in range(columns):
            _append_cell(text, [(style, dots[row, column]) for style, dots in drawn if (row, column) in dots])
        text.append("\n")
    if volumes:
        text.append(f"{'':>{margin}} │", style="dim").append(_columns(volumes, columns) + "\n", style="bright_black")
    text.append(" " * (margin + 1) + "└" + "─" * columns + "\n", style="dim")
    text.append(" " * (margin + 2) + _below(labels, columns) + "\n", style="dim")
    return text.append(" " * (margin + 2)).append_text(_legend(lines, decimals))


def _append_cell(text: "Text", found: Sequence[tuple[str, int]]) -> None:
    """Append the character in which these dots are, in the colour of the first line."""
    dots = 0
    for _, each in found:
        dots |= each
    text.append(chr(_BLANK + dots) if dots else " ", style=found[0][0] if found else "")


def _legend(lines: Sequence[Line], decimals: int) -> "Text":
    from rich.text import Text  # noqa: PLC0415 - slow to load

    text = Text()
    for line in lines:
        if line.values and (last := line.values[-1]) is not None:
            text.append("   " if text else "").append("━ ", style=line.style).append(
                f"{line.name} {last:,.{decimals}f}"
            )
    return text


def _dots(values: Sequence[float | None], low: float, high: float, rows: int, columns: int) -> Dots:
    """Return the dots of a line through `values`, spread over all columns."""
    across, down = columns * _DOTS_ACROSS - 1, rows * _DOTS_DOWN - 1
    points = [
        (round(at / (len(values) - 1) * across), round((high - value) / (high - low) * down))
        for at, value in enumerate(values)
        if value is not None
    ]
    dots: Dots = {}
    for (x, y), (to_x, to_y) in pairwise(points):
        steps = max(to_x - x, abs(to_y - y), 1)
        for step in range(steps + 1):
            right, lower = round(x + (to_x - x) * step / steps), round(y + (to_y - y) * step / steps)
            cell = lower // _DOTS_DOWN, right // _DOTS_ACROSS
            dots[cell] = dots.get(cell, 0) | _BITS[lower % _DOTS_DOWN][right % _DOTS_ACROSS]
    return dots


def _columns(volumes: Sequence[float], columns: int) -> str:
    """Return a row of blocks: the largest of the volumes that share a column, or of the one that has several."""
    highest, count = max(volumes), len(volumes)
    starts = [column * count // columns for column in range(columns + 1)]
    largest = [max(volumes[first : max(last, first + 1)]) for first, last in pairwise(starts)]
    steps = len(_BLOCKS) - 1
    return "".join(_BLOCKS[math.ceil(volume / highest * steps) if highest else 0] for volume in largest)


def _amounts(low: float, high: float, rows: int) -> dict[int, str]:
    """Return round amounts by row, for at most every other row."""
    step = _round_up((high - low) / (rows / 2))
    decimals = max(0, -math.floor(math.log10(step)))
    first, last = math.ceil(low / step), math.floor(high / step)
    dots = rows * _DOTS_DOWN - 1
    return {
        round((high - at * step) / (high - low) * dots) // _DOTS_DOWN: f"{at * step:,.{decimals}f}"
        for at in range(first, last + 1)
    }


def _round_up(amount: float) -> float:
    """Round up to 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(amount))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= amount)


def _below(labels: Sequence[str], columns: int) -> str:
    first, middle, last = labels
    between = columns - len(first) - len(last)
    return first + (f"{middle:^{between}}" if between > len(middle) + 1 else " " * max(between, 1)) + last
