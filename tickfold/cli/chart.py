"""A run's chart for the terminal: equity and buy and hold, with dollars and days on its axes."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tickfold.cli.line_chart import Line, line_chart

if TYPE_CHECKING:
    from rich.text import Text

    from tickfold.protocol import Partial

_BENCHMARK, _EQUITY = "bright_black", "green"


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
    lines = [Line("equity", curves.equity, _EQUITY), Line("buy and hold", curves.buy_and_hold, _BENCHMARK)]
    ends = curves.time[0], curves.time[len(curves.time) // 2], curves.time[-1]
    return line_chart(lines, [f"{datetime.fromtimestamp(time / 1000, UTC):%Y-%m-%d}" for time in ends], width)
