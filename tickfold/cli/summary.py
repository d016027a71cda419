"""A run's result, laid out to be read: its metrics in groups, percents and money formatted."""

from collections.abc import Iterable, Sequence
from math import ceil, floor

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tickfold.cli.console import printable
from tickfold.protocol import Result
from tickfold.report.metric_groups import UNDEFINED, formatted, grouped

_BLOCKS = "▁▂▃▄▅▆▇█"
_CURVE_WIDTH = 72


def write_summary(console: Console, result: Result, equity: Sequence[float] = ()) -> None:
    """Write the summary of `result`, with a sketch of the `equity` curve where there is one."""
    console.print(_heading(result))
    if len(equity) > 1:
        console.print(Text("\n" + sketch(equity, _CURVE_WIDTH), style="green"))
    console.print()
    console.print(_metrics(result))
    console.print(_places(result), soft_wrap=True)  # whole, to be copied from


def sketch(values: Sequence[float], width: int) -> str:
    """Draw `values` as one line of at most `width` blocks; a block is the last value of its stretch."""
    step = len(values) / min(width, len(values))
    picked = [values[ceil((i + 1) * step) - 1] for i in range(min(width, len(values)))]
    low, high = min(picked), max(picked)
    if high == low:
        return _BLOCKS[0] * len(picked)
    top = len(_BLOCKS) - 1
    return "".join(_BLOCKS[floor((value - low) / (high - low) * top + 0.5)] for value in picked)


def _heading(result: Result) -> Text:
    parameters = " ".join(f"{name}={value:g}" for name, value in result.parameters.items())
    heading = Text()
    heading.append(f"{result.symbol} {result.timeframe}", style="bold")
    heading.append(f"   {printable(result.strategy)} {printable(parameters)}".rstrip())
    heading.append(f"   {result.start} … {result.end}\n")
    pieces = f"{result.chunks:,} chunk{'' if result.chunks == 1 else 's'}"
    counts = f"{result.bars:,} bars in {pieces}, {result.replayed_bars:,} replayed by the fold"
    heading.append(f"{counts}, {result.duration_seconds:,.1f} s", style="dim")
    return heading


def _metrics(result: Result) -> Table:
    blocks = [_group(title, names, result.metrics) for title, names in grouped(result.metrics).items()]
    grid = Table.grid(padding=(0, 6, 0, 0))
    for row in range(0, len(blocks), 2):
        grid.add_row(*blocks[row : row + 2])
        grid.add_row()
    return grid


def _group(title: str, names: Iterable[str], metrics: dict[str, float | None]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(min_width=18)
    table.add_column(justify="right", min_width=13)
    table.add_row(Text(title, style="bold"), "")
    for name in names:
        label, value = formatted(name, metrics[name])
        table.add_row(Text(printable(label)), Text(value, style="dim" if value == UNDEFINED else ""))
    return table


def _places(result: Result) -> Text:
    places = {
        "run": result.run_id or UNDEFINED,
        "execution": result.execution_arn,
        "trades": result.trades_uri,
        "equity": result.equity_uri,
    }
    text = Text()
    for name, place in places.items():
        text.append(f"{name:<11}", style="dim")
        text.append(printable(place) + "\n")
    text.rstrip()
    return text
