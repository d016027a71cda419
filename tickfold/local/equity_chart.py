"""The chart of a summary: equity against buy and hold as SVG, which every notebook shows without a script."""

from html import escape

import numpy as np

from tickfold.engine.arrays import Floats, Ints
from tickfold.engine.calendar import date_of
from tickfold.protocol.formats import money
from tickfold.report.figures import BENCHMARK, EQUITY
from tickfold.report.thinning import drawn_bars

WIDTH, HEIGHT = 720, 250
_ABOVE, _BELOW = 34, 28
"""Pixels above and below the curves, for the labels."""
_MOST_DRAWN = 1_000
_STRETCHES = 180


def equity_chart(timestamp: Ints, equity: Floats, benchmark: Floats) -> str:
    """Return the chart of `equity` and `benchmark`, dollars at each `timestamp` in microseconds since 1970 UTC."""
    drawn = drawn_bars(len(timestamp), equity, benchmark, whole=_MOST_DRAWN, stretches=_STRETCHES)
    low, high = (float(pick([pick(equity), pick(benchmark)])) for pick in (np.min, np.max))
    across = (timestamp[drawn] - timestamp[0]) / max(float(timestamp[-1] - timestamp[0]), 1.0) * WIDTH
    first, last = (str(date_of(int(timestamp[at]) // 86_400_000_000)) for at in (0, -1))

    def line(values: Floats, colour: str) -> str:
        depth = (high - values[drawn]) / ((high - low) or 1.0) * (HEIGHT - _ABOVE - _BELOW) + _ABOVE
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across.tolist(), depth.tolist(), strict=True))
        return f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{points}"/>'

    def text(x: int, y: int, words: str, anchor: str = "start", colour: str = "currentColor") -> str:
        place = f'x="{x}" y="{y}" text-anchor="{anchor}" fill="{colour}"'
        return f"<text {place}>{escape(words)}</text>"

    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" style="max-width: {WIDTH}px; font: 11px sans-serif" role="img">'
        f"{line(benchmark, BENCHMARK)}{line(equity, EQUITY)}"
        f"{text(0, 28, money(high))}{text(0, HEIGHT - 14, money(low))}"
        f"{text(0, HEIGHT - 1, first)}{text(WIDTH, HEIGHT - 1, last, 'end')}"
        f"{text(WIDTH, 12, f'Equity {money(float(equity[-1]))}', 'end', EQUITY)}"
        f"{text(WIDTH, 26, f'Buy and hold {money(float(benchmark[-1]))}', 'end', BENCHMARK)}</svg>"
    )
