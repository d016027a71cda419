"""A chart for the terminal: equity and buy and hold in braille dots, with dollars and days on its axes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

    from tickfold.protocol import Partial

ROWS = 10
WIDEST = 110
_DOTS_DOWN, _DOTS_ACROSS = 4, 2
_BLANK = 0x2800
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each dot in the code point of a braille character, row by row."""
_BENCHMARK, _EQUITY = "bright_black", "green"

Dots = dict[tuple[int, int], int]
"""The dots of each character, by row and column."""


@dataclass
class Curves:
    """The curves of a run as they are streamed: milliseconds since 1970 UTC, dollars; None before the investment."""

    time: list[int] = field(default_factory=list)
    equity: list[float] = field(default_factory=list)
    buy_and_hold: list[float | None] = field(default_factory=list)

    def add(self, piece: "Partial") -> None:
        """Append a piece."""
        self.time += [time for time, _ in piece.equity]
        self.equity += [dollars for _, dollars in piece.equity]
        self.buy_and_hold += piece.buy_and_hold


def chart(curves: Curves, width: int) -> "Text":
    """Draw `curves`, of at least two points, in at most `width` columns. Equity covers buy and hold."""
    known = [dollars for dollars in (*curves.equity, *curves.buy_and_hold) if dollars is not None]
    low, high = min(known), max(known)
    if high == low:
        low, high = low - 1, high + 1
    labels = _labels(low, high)
    margin = max(map(len, labels.values()))
    columns = max(min(width, WIDEST) - margin - 2, 2)
    benchmark = _line(curves.buy_and_hold, low, high, columns)
    equity = _line(curves.equity, low, high, columns)
    from rich.text import Text  # noqa: PLC0415 - slow to load

    text = Text()
    for row in range(ROWS):
        text.append(f"{labels.get(row, ''):>{margin}} {'┤' if row in labels else '│'}", style="dim")
        for column in range(columns):
            at = row, column
            dots = equity.get(at, 0) | benchmark.get(at, 0)
            text.append(chr(_BLANK + dots) if dots else " ", style=_EQUITY if at in equity else _BENCHMARK)
        text.append("\n")
    text.append(" " * (margin + 1) + "└" + "─" * columns + "\n", style="dim")
    text.append(" " * (margin + 2) + _days(curves.time, columns) + "\n", style="dim")
    text.append(" " * (margin + 2) + "━ ", style=_EQUITY).append(f"equity {curves.equity[-1]:,.2f}")
    if curves.buy_and_hold and (held := curves.buy_and_hold[-1]) is not None:
        text.append("   ━ ", style=_BENCHMARK).append(f"buy and hold {held:,.2f}")
    return text


def _line(values: Sequence[float | None], low: float, high: float, columns: int) -> Dots:
    """Return the dots of a line through `values`, spread over all columns."""
    across, down = columns * _DOTS_ACROSS - 1, ROWS * _DOTS_DOWN - 1
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


def _labels(low: float, high: float) -> dict[int, str]:
    """Return round amounts by row, for at most every other row."""
    step = _round_up((high - low) / (ROWS / 2))
    decimals = max(0, -math.floor(math.log10(step)))
    first, last = math.ceil(low / step), math.floor(high / step)
    dots = ROWS * _DOTS_DOWN - 1
    return {
        round((high - at * step) / (high - low) * dots) // _DOTS_DOWN: f"{at * step:,.{decimals}f}"
        for at in range(first, last + 1)
    }


def _round_up(amount: float) -> float:
    """Round up to 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(amount))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= amount)


def _days(times: Sequence[int], columns: int) -> str:
    """Return the first and the last day, and the middle one if there is room."""
    first, middle, last = (
        f"{datetime.fromtimestamp(time / 1000, UTC):%Y-%m-%d}" for time in (times[0], times[len(times) // 2], times[-1])
    )
    between = columns - len(first) - len(last)
    return first + (f"{middle:^{between}}" if between > len(middle) + 1 else " " * max(between, 1)) + last
