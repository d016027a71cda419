"""The summary of a result: heading, chart, metrics in groups, files."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tickfold.cli.chart import Curves, chart
from tickfold.cli.console import printable
from tickfold.cli.encoding import is_unicode
from tickfold.protocol import Result, SymbolResult
from tickfold.protocol.formats import UNDEFINED, count, counted, percent
from tickfold.protocol.metrics import format_metric, grouped, label_of
from tickfold.protocol.symbol import shown_symbols


def write_summary(console: Console, result: Result, curves: Curves) -> None:
    """Write the summary of `result`; on a terminal with a chart of the `curves`, if they have two points or more."""
    console.print(_heading(result))
    if result.no_trades:
        console.print(Text(f"no trades: {printable(result.no_trades.reason)}", style="yellow"), soft_wrap=True)
    console.print()
    if console.is_terminal and is_unicode(console.encoding) and len(curves.time) > 1:
        console.print(chart(curves, console.width))
        console.print()
    if result.symbols:
        console.print(_symbols(result.symbols))
        if idle := [f"{own.symbol} ({own.no_trades.replace('_', ' ')})" for own in result.symbols if own.no_trades]:
            console.print(Text(f"no trades: {printable(', '.join(idle))}", style="yellow"), soft_wrap=True)
        console.print()
    console.print(_metrics(result))
    if result.execution_arn:  # of a run without a stack, nothing is kept
        console.print(_places(result), soft_wrap=True)  # whole, to be copied from


def _heading(result: Result) -> Text:
    parameters = " ".join(f"{name}={value:g}" for name, value in result.parameters.items())
    heading = Text()
    heading.append(f"{shown_symbols(result.symbol)} {result.timeframe}", style="bold")
    heading.append(f"   {printable(result.strategy)} {printable(parameters)}".rstrip())
    heading.append(f"   {result.start} … {result.end}\n")
    bars, chunks = counted(result.bars, "bar"), counted(result.chunks, "chunk")
    counts = f"{bars} in {chunks}, {result.replayed_bars:,} replayed by the fold"
    prices = f", prices {result.prices}" if result.prices else ""
    heading.append(f"{counts}, {result.duration_seconds:,.1f} s{prices}", style="dim")
    return heading


def _symbols(symbols: Sequence[SymbolResult]) -> Table:
    """Return the headline metrics by symbol, a row a symbol."""
    columns = list(dict.fromkeys(name for own in symbols for name in own.metrics))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("Symbol", overflow="fold")  # where room is short, this one makes it
    for label in ("Share", "Bars", *map(label_of, columns)):
        table.add_column(Text(printable(label)), justify="right", no_wrap=True)
    for own in symbols:
        figures = (format_metric(name, own.metrics.get(name)) for name in columns)
        table.add_row(Text(printable(own.symbol)), percent(own.share), count(own.bars), *figures)
    return table


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
        value = format_metric(name, metrics[name])
        table.add_row(Text(printable(label_of(name))), Text(value, style="dim" if value == UNDEFINED else ""))
    return table


def _places(result: Result) -> Text:
    places = {
        "run": result.run_id or UNDEFINED,
        "execution": result.execution_arn,
        "trades": result.trades_uri,
        "equity": result.equity_uri,
    }
    if result.symbols:
        places |= {"curves": result.equity_by_symbol_uri, "symbols": result.runs_by_symbol_uri}
    text = Text()
    for name, place in places.items():
        text.append(f"{name:<11}", style="dim")
        text.append(printable(place) + "\n")
    text.rstrip()
    return text
