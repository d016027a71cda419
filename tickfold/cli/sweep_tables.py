"""The tables of a sweep: its ranking, or the windows of a walk-forward."""

from datetime import UTC, datetime

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tickfold.cli.console import printable
from tickfold.protocol import Number, Ranked, Sample, Sweep, WalkForward, WindowOutcome
from tickfold.protocol.formats import counted
from tickfold.protocol.metrics import HEADLINE_METRICS, column_of, format_metric, label_of

_COLUMNS = sorted(HEADLINE_METRICS, key=lambda name: name == "final_equity")  # the widest comes last


def write_sweep(console: Console, table: Sweep, top: int) -> None:
    """Write the first `top` rows of the ranking."""
    shown = table.best[:top]
    metrics = tuple(dict.fromkeys([table.rank_by, *_COLUMNS]))
    runs = counted(table.combinations, "run")
    console.print(_heading(f"{len(shown)} of {runs} by {label_of(table.rank_by)}", table.left_out))
    if table.without_trades:
        causes = ", ".join(f"{count:,} {cause.replace('_', ' ')}" for cause, count in table.without_trades.items())
        idle = counted(sum(table.without_trades.values()), "run")
        console.print(Text(f"{idle} without trades: {causes}", style="yellow"), soft_wrap=True)
    grid = _table()
    grid.add_column("", justify="right", style="dim")
    for name in shown[0].parameters:
        grid.add_column(Text(printable(name)), justify="right", style="cyan", no_wrap=True)
    for name in metrics:
        grid.add_column(Text(_label(name)), justify="right", no_wrap=True)
    for row in shown:
        grid.add_row(*_ranked(row, metrics))
    console.print(grid)
    console.print(_place(table.table_uri), soft_wrap=True)


def write_walk_forward(console: Console, table: WalkForward) -> None:
    """Write the windows, in-sample beside out-of-sample."""
    metrics = tuple(dict.fromkeys([table.rank_by, "total_return"]))
    windows, runs = counted(table.windows, "window"), counted(table.combinations, "run")
    choice = f"in each the best of {runs} by {label_of(table.rank_by)}"
    console.print(_heading(f"{windows}, {choice}", table.left_out, table.unused_bars))
    grid = _table()
    grid.add_column("", justify="right", style="dim")
    grid.add_column("Traded from", no_wrap=True)
    for name in table.first[0].parameters:
        grid.add_column(Text(printable(name)), justify="right", style="cyan", no_wrap=True)
    for sample in ("in sample", "traded"):
        for name in metrics:
            grid.add_column(Text(f"{_label(name)}\n{sample}"), justify="right", no_wrap=True)
    for row in table.first:
        grid.add_row(*_window(row, metrics))
    console.print(grid)
    if table.windows > len(table.first):
        console.print(Text(f"… and {table.windows - len(table.first):,} more", style="dim"))
    console.print(_place(table.table_uri), soft_wrap=True)


def _ranked(row: Ranked, metrics: tuple[str, ...]) -> list[Text]:
    values = [format_metric(name, row.metrics[name]) for name in metrics]
    return [Text(text) for text in (f"{row.rank:,}", *_numbers(row.parameters), *values)]


def _window(row: WindowOutcome, metrics: tuple[str, ...]) -> list[Text]:
    def figures(sample: Sample) -> list[str]:
        values = {metrics[0]: sample.metric, "total_return": sample.total_return}
        return [format_metric(name, values[name]) for name in metrics]

    start = f"{datetime.fromtimestamp(row.out_of_sample.start / 1000, UTC):%Y-%m-%d}"
    texts = (f"{row.window:,}", start, *_numbers(row.parameters), *figures(row.in_sample), *figures(row.out_of_sample))
    return [Text(text) for text in texts]


def _label(name: str) -> str:
    return printable(column_of(name))


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)


def _heading(text: str, left_out: int, unused_bars: int = 0) -> Text:
    left = {
        "left out, as the strategy does not accept them": left_out,
        "bars at the end, too few for a window": unused_bars,
    }
    notes = [f"\n{what}: {count:,}" for what, count in left.items() if count]
    return Text.assemble((text, "bold"), ("".join(notes), "dim"))


def _place(uri: str) -> Text:
    return Text.assemble(("table      ", "dim"), printable(uri), "\n")


def _numbers(parameters: dict[str, Number]) -> list[str]:
    return [f"{value:g}" for value in parameters.values()]
