"""The chart that a run ends with on a terminal."""

import pytest
from rich.text import Text

from tickfold.cli.chart import Curves, chart
from tickfold.cli.line_chart import ROWS
from tickfold.protocol import Partial

DAY = 86_400_000


def lines(text: Text) -> list[str]:
    return text.plain.splitlines()


def coloured(text: Text, style: str) -> str:
    """Return what of a chart has a colour, without blanks."""
    return "".join(text.plain[span.start : span.end].strip() for span in text.spans if span.style == style)


def rising(points: int) -> Curves:
    values = [10_000.0 + 1_000 * at / (points - 1) for at in range(points)]
    return Curves([DAY * at for at in range(points)], values, [None] * points)


@pytest.mark.parametrize("points", [2, 3, 144, 5_000])
def test_rising_line_joins_lower_left_with_upper_right(points: int) -> None:
    drawn = lines(chart(rising(points), 80))[:ROWS]
    plot = [line[8:] for line in drawn]
    assert drawn[0].startswith("11,000 ┤")
    assert drawn[-1].startswith("10,000 ┤")
    assert plot[0].rstrip()[-1] != " "
    starts = [len(line) - len(line.lstrip()) for line in plot]
    assert starts == sorted(starts, reverse=True)
    assert starts[-1] == 0
    assert all(any(line[column] != " " for line in plot if column < len(line)) for column in range(72))


@pytest.mark.parametrize(("width", "longest"), [(20, 20), (80, 80), (120, 110)])
def test_it_fits_its_width(width: int, longest: int) -> None:
    drawn = lines(chart(rising(1_000), width))[: ROWS + 2]
    assert max(map(len, drawn)) <= max(longest, 29)  # two days need their room even where there is none
    assert len(drawn[ROWS]) == longest


def test_axes_show_round_amounts_and_days() -> None:
    curves = Curves([DAY * at for at in range(366)], [1.0 + at / 365 for at in range(366)], [])
    drawn = lines(chart(curves, 80))
    assert [line.split("┤")[0] for line in drawn if "┤" in line] == ["2.0 ", "1.8 ", "1.6 ", "1.4 ", "1.2 ", "1.0 "]
    assert drawn[ROWS + 1].split() == ["1970-01-01", "1970-07-03", "1971-01-01"]
    assert drawn[-1].strip() == "━ equity 2.00"


def test_equity_is_seen_where_both_lines_are_and_the_benchmark_where_it_is_alone() -> None:
    same = Curves([0, DAY, 2 * DAY], [1.0, 2.0, 1.0], [1.0, 2.0, 1.0])
    assert coloured(chart(same, 80), "bright_black") == "━"
    apart = Curves([0, DAY, 2 * DAY], [1.0, 1.0, 1.0], [None, 2.0, 3.0])
    assert len(coloured(chart(apart, 80), "bright_black")) > 30
    assert lines(chart(apart, 80))[-1].strip() == "━ equity 1.00   ━ buy and hold 3.00"


@pytest.mark.parametrize("equity", [[5.0, 5.0], [0.0, 0.0], [-3.0, 1e15], [1.0, 1.0 + 1e-9]])
def test_no_curve_is_too_flat_or_too_steep(equity: list[float]) -> None:
    assert len(lines(chart(Curves([0, DAY], equity, []), 80))) == ROWS + 3


def test_pieces_are_put_together() -> None:
    curves = Curves()
    curves.add(Partial(piece=1, pieces=2, equity=[(0, 1.0)], buy_and_hold=[None]))
    curves.add(Partial(piece=2, pieces=2, equity=[(DAY, 2.0)], buy_and_hold=[1.5]))
    assert curves == Curves([0, DAY], [1.0, 2.0], [None, 1.5])
