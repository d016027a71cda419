"""Rows as a table on a terminal, as CSV in a pipe, as JSON on request."""

import csv
import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

import typer

from tickfold.cli.console import printable, stdout

if TYPE_CHECKING:
    from rich.text import Text

Value = str | int | float | bool | None
_WIDEST = 1_000

AsCsv = Annotated[bool, typer.Option("--csv", help="Write CSV; the default where stdout is not a terminal.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write a JSON array of objects.")]


def check_formats(as_csv: bool, as_json: bool) -> None:
    """Check that at most one format is chosen.

    Raises:
        BadParameter: both are.
    """
    if as_csv and as_json:
        raise typer.BadParameter("--csv and --json exclude each other")


def is_table(as_csv: bool, as_json: bool) -> bool:
    """Return whether rows are written as a table, for people to read."""
    return not as_csv and not as_json and sys.stdout.isatty()


def write_rows(
    columns: Sequence[str],
    rows: Iterable[Sequence[Value]],
    as_csv: bool,
    as_json: bool,
    *,
    shown: Mapping[str, Callable[[Value], str]] = MappingProxyType({}),
    folds: bool = True,
) -> None:
    """Write `rows` on stdout.

    `shown` formats the cells of a table by column. A table that does not fold is as wide as its longest row.
    """
    rows = ([_defined(value) for value in row] for row in rows)
    if as_json:
        _write_json(columns, rows)
    elif as_csv or not sys.stdout.isatty():
        _write_csv(columns, rows)
    else:
        _write_table(columns, rows, shown, folds)


def _write_json(columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    objects = (dict(zip(columns, row, strict=True)) for row in rows)
    lines = [json.dumps(each, ensure_ascii=False) for each in objects]
    sys.stdout.write("[" + "".join(f"{',' if i else ''}\n  {line}" for i, line in enumerate(lines)))
    sys.stdout.write("\n]\n" if lines else "]\n")


def _defined(value: Value) -> Value:
    """Return `value`; None for NaN and infinity, which JSON does not have, and 0.0 for −0.0."""
    if not isinstance(value, float):
        return value
    return value + 0.0 if math.isfinite(value) else None


def _write_csv(columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)


def _write_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Value]],
    shown: Mapping[str, Callable[[Value], str]],
    folds: bool,
) -> None:
    from rich import box  # noqa: PLC0415 - rich is slow to load
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    kept = list(rows)
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for position, name in enumerate(columns):
        numeric = any(_is_number(row[position]) for row in kept)
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold", no_wrap=not folds)
    for row in kept:
        cells = zip(columns, row, strict=True)
        table.add_row(*(_shown(shown[name](value) if name in shown else value) for name, value in cells))
    console = stdout()
    if not folds:  # the terminal wraps its lines
        console.width = max(
            console.width, console.measure(table, options=console.options.update(width=_WIDEST)).maximum
        )
    console.print(table)


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Value) -> "Text":
    from rich.text import Text  # noqa: PLC0415

    if value is None:
        return Text("–", style="dim")
    return Text(printable(str(value)))
