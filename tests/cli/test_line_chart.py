"""Lines in the terminal: colours, the legend, the row of volumes."""

import pytest
from rich.text import Text

from tickfold.cli.line_chart import Line, line_chart

LABELS = ["09:30", "12:45", "16:00"]


def drawn(*lines: Line, width: int = 40, rows: int = 6, decimals: int = 2, volumes: tuple[float, ...] = ()) -> Text:
    return line_chart(lines, LABELS, width, rows=rows, decimals=decimals, volumes=volumes)


def coloured(text: Text, style: str) -> str:
    return "".join(text.plain[span.start : span.end].strip() for span in text.spans if span.style == style)


def test_first_line_covers_the_others() -> None:
    same = [1.0, 2.0, 1.5]
    assert coloured(drawn(Line("price", same, "green"), Line("SMA9", same, "yellow")), "yellow") == "━"
    assert len(coloured(drawn(Line("SMA9", same, "yellow"), Line("price", same, "green")), "yellow")) > 20


def test_line_without_values_is_not_in_the_legend() -> None:
    text = drawn(Line("price", [1.0, 2.0], "green"), Line("SMA9", [None, None], "yellow"))
    assert text.plain.splitlines()[-1].split("  ")[-1].strip() == "━ price 2.00"
    assert coloured(text, "yellow") == ""


def test_line_begins_where_it_has_values() -> None:
    late = [None] * 50 + [2.0] * 50
    text = drawn(Line("SMA9", late, "yellow"), Line("price", [1.0 + at / 99 for at in range(100)], "green"))
    axis = text.plain.splitlines()[6]
    assert (axis.count("─"), len(coloured(text, "yellow").replace("━", ""))) == (35, 18)


def test_legend_has_so_many_decimals() -> None:
    assert drawn(Line("price", [1.08, 1.08431], "green"), decimals=5).plain.endswith("━ price 1.08431")


@pytest.mark.parametrize(
    ("volumes", "blocks"),
    [((8.0, 0.0, 1.0, 4.0), "██  ▁▁▄▄"), ((1.0, 8.0), "▁▁▁▁████"), ((0.0, 8.0, *[0.0] * 13, 4.0), "█      ▄")],
)
def test_volumes_are_columns_below(volumes: tuple[float, ...], blocks: str) -> None:
    """A column is the largest volume of its bars; a bar is all of its columns."""
    rows = drawn(Line("price", [1.0, 2.0, 3.0, 4.0], "green"), width=11, volumes=volumes).plain.splitlines()
    assert (rows[6].partition("│")[2], rows[7].partition("└")[2]) == (blocks, "─" * 8)


@pytest.mark.parametrize("volumes", [(0.0, 0.0), (5.0, 5.0)])
def test_equal_volumes_are_drawn(volumes: tuple[float, float]) -> None:
    row = drawn(Line("price", [1.0, 2.0], "green"), volumes=volumes).plain.splitlines()[6]
    assert row.rstrip()[-1] == ("█" if volumes[0] else "│")


@pytest.mark.parametrize(("width", "rows"), [(12, 2), (40, 6), (200, 30)])
def test_chart_has_its_size(width: int, rows: int) -> None:
    lines = drawn(Line("p", [1.0, 2.0, 3.0], "green"), width=width, rows=rows, volumes=(1, 2, 3)).plain.splitlines()
    assert len(lines) == rows + 4
    assert len(lines[rows + 1]) == min(width, 110)
