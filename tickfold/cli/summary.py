"""A run's result, laid out to be read: its metrics in groups, percents and money formatted."""

from collections.abc import Callable, Iterable, Sequence
from math import ceil, floor

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tickfold.cli.console import printable
from tickfold.cli.symbols import shown
from tickfold.protocol import Result, SymbolResult

UNDEFINED = "–"
_BLOCKS = "▁▂▃▄▅▆▇█"
_CURVE_WIDTH = 72

Format = Callable[[float], str]


def money(value: float) -> str:
    return f"{value:,.2f}"


def percent(value: float) -> str:
    return f"{100 * value:,.2f} %"


def ratio(value: float) -> str:
    return f"{value:,.3f}"


def count(value: float) -> str:
    return f"{value:,.0f}"


def days(value: float) -> str:
    return f"{value:,.0f} day{'' if round(value) == 1 else 's'}"


GROUPS: dict[str, dict[str, tuple[str, Format]]] = {
    "Return": {
        "final_equity": ("Final equity", money),
        "peak_equity": ("Peak equity", money),
        "total_return": ("Total return", percent),
        "buy_and_hold_return": ("Buy and hold", percent),
        "annual_return": ("Annual return", percent),
        "cagr": ("CAGR", percent),
        "commissions": ("Commissions", money),
    },
    "Trades": {
        "trades": ("Trades", count),
        "win_rate": ("Win rate", percent),
        "best_trade": ("Best trade", percent),
        "worst_trade": ("Worst trade", percent),
        "average_trade": ("Average trade", percent),
        "expectancy": ("Expectancy", percent),
        "exposure": ("Exposure", percent),
    },
    "Risk": {
        "annual_volatility": ("Annual volatility", percent),
        "max_drawdown": ("Max drawdown", percent),
        "average_drawdown": ("Average drawdown", percent),
        "max_drawdown_duration": ("Longest drawdown", days),
        "average_drawdown_duration": ("Average length", days),
    },
    "Ratios": {
        "sharpe": ("Sharpe", ratio),
        "sortino": ("Sortino", ratio),
        "calmar": ("Calmar", ratio),
        "alpha": ("Alpha", percent),
        "beta": ("Beta", ratio),
        "profit_factor": ("Profit factor", ratio),
        "sqn": ("SQN", ratio),
        "kelly": ("Kelly", ratio),
    },
}


def write_summary(console: Console, result: Result, equity: Sequence[float] = ()) -> None:
    """Write the summary of `result`, with a sketch of the `equity` curve where there is one."""
    console.print(_heading(result))
    if len(equity) > 1:
        console.print(Text("\n" + sketch(equity, _CURVE_WIDTH), style="green"))
    console.print()
    if result.symbols:
        console.print(_symbols(result.symbols))
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


def formatted(name: str, value: float | None) -> tuple[str, str]:
    """Return a metric's label and its value, as they are shown."""
    for group in GROUPS.values():
        if name in group:
            label, write = group[name]
            return label, UNDEFINED if value is None else write(value)
    return name, UNDEFINED if value is None else ratio(value)


def _heading(result: Result) -> Text:
    parameters = " ".join(f"{name}={value:g}" for name, value in result.parameters.items())
    heading = Text()
    heading.append(f"{shown(result.symbol)} {result.timeframe}", style="bold")
    heading.append(f"   {printable(result.strategy)} {printable(parameters)}".rstrip())
    heading.append(f"   {result.start} … {result.end}\n")
    pieces = f"{result.chunks:,} chunk{'' if result.chunks == 1 else 's'}"
    counts = f"{result.bars:,} bars in {pieces}, {result.replayed_bars:,} replayed by the fold"
    heading.append(f"{counts}, {result.duration_seconds:,.1f} s", style="dim")
    return heading


def _symbols(symbols: Sequence[SymbolResult]) -> Table:
    """Return what each symbol did, a row a symbol."""
    columns = list(dict.fromkeys(name for own in symbols for name in own.metrics))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("Symbol", overflow="fold")  # where room is short, this one makes it
    for label in ("Share", "Bars", *(formatted(name, None)[0] for name in columns)):
        table.add_column(Text(printable(label)), justify="right", no_wrap=True)
    for own in symbols:
        figures = (formatted(name, own.metrics.get(name))[1] for name in columns)
        table.add_row(Text(printable(own.symbol)), percent(own.share), count(own.bars), *figures)
    return table


def _metrics(result: Result) -> Table:
    grouped = {title: [name for name in group if name in result.metrics] for title, group in GROUPS.items()}
    known = {name for names in grouped.values() for name in names}
    grouped["Other"] = [name for name in result.metrics if name not in known]
    blocks = [_group(title, names, result.metrics) for title, names in grouped.items() if names]
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
    if result.symbols:
        places |= {"curves": result.equity_by_symbol_uri, "symbols": result.runs_by_symbol_uri}
    text = Text()
    for name, place in places.items():
        text.append(f"{name:<11}", style="dim")
        text.append(printable(place) + "\n")
    text.rstrip()
    return text
