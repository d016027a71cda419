"""The report's tables: rows of cells, ready to be laid out by the templates."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from tickfold.backtests.recorded_run import Curve, RecordedRun
from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.protocol.formats import UNDEFINED, Format, count, money, percent, ratio
from tickfold.protocol.metrics import HEADLINE_METRICS, column_of, format_metric, grouped, label_of
from tickfold.report.conventions import Arithmetic
from tickfold.report.drawdown_table import deepest_drawdowns
from tickfold.report.monthly_returns import monthly_returns
from tickfold.report.trade_groups import Group, by_exit, by_side, held

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_GAIN_TINT, _LOSS_TINT = "47, 144, 104", "207, 86, 70"
_DEEPEST_TINT = 0.6


class Cell(NamedTuple):
    """A cell with an optional class, such as gain or loss, or style."""

    text: str
    kind: str = ""
    style: str = ""


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows; `kind` is its class."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    kind: str = ""


def table(head: Sequence[str], rows: Iterable[Sequence[Cell | str]], kind: str = "") -> Table:
    """Return a table of cells and plain texts."""
    cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    return Table(head, cells, kind)


def metric_tables(run: RecordedRun) -> dict[str, Table]:
    """Return the run's metrics with their labels, a table a group."""
    metrics = run.result.metrics
    return {
        title: table([], [(label_of(name), format_metric(name, metrics[name])) for name in names])
        for title, names in grouped(metrics).items()
    }


def monthly_table(curve: Curve) -> Table:
    """Return the returns in percent, a row a year, newest first."""
    years = monthly_returns(curve.timestamp, curve.equity, curve.capital)
    strongest = max((abs(r) for year in years for r in year.months if math.isfinite(r)), default=0.0)
    rows: list[list[Cell | str]] = [
        [str(year.year), *(_tinted(r, strongest) for r in year.months), _signed(year.total, _bare_percent)]
        for year in reversed(years)
    ]
    return table(["", *_MONTHS, "Year"], rows, "months")


def drawdowns_table(curve: Curve) -> Table:
    """Return the deepest drawdowns, deepest first."""
    intraday = bool((curve.timestamp % MICROSECONDS_PER_DAY).any())

    def at(time: int) -> str:
        return datetime.fromtimestamp(time / 1e6, UTC).strftime("%Y-%m-%d %H:%M" if intraday else "%Y-%m-%d")

    rows: list[list[Cell | str]] = [
        [
            at(drawdown.peak),
            at(drawdown.trough),
            "not yet" if drawdown.recovery is None else at(drawdown.recovery),
            Cell(percent(drawdown.depth), "loss"),
            f"{drawdown.days:,.1f}" if intraday else count(drawdown.days),
        ]
        for drawdown in deepest_drawdowns(curve.timestamp, curve.equity, curve.capital)
    ]
    return table(["Peak", "Trough", "Recovery", "Depth", "Days"], rows)


def symbols_table(run: RecordedRun) -> Table:
    """Return the headline metrics of each symbol of a list, in the order in which they were named."""
    rows = [
        [
            own.symbol,
            percent(own.share),
            count(own.bars),
            *(format_metric(name, own.metrics[name]) for name in HEADLINE_METRICS),
        ]
        for own in run.result.symbols
    ]
    return table(["", "Share", "Bars", *map(column_of, HEADLINE_METRICS)], rows)


def trade_groups_table(run: RecordedRun) -> Table:
    """Return the closed trades by side, then by exit reason."""
    share = held([*run.symbols.values()] or [run.curve])
    sides = [[*_group(name, group), percent(share[name], 1)] for name, group in by_side(run.trades).items()]
    ends = [[*_group(reason.replace("_", " "), group), ""] for reason, group in by_exit(run.trades).items()]
    return table(["", "Trades", "Won", "Profit", "Mean return", "Mean bars", "Held"], sides + ends)


def conventions_table(run: RecordedRun, other: Arithmetic) -> Table:
    """Return the run's own figures beside those of the arithmetic convention."""
    metrics = run.result.metrics
    rows = [
        (label_of(name), format_metric(name, metrics.get(name)), _defined(value, write))
        for name, value, write in (
            ("sharpe", other.sharpe, ratio),
            ("sortino", other.sortino, ratio),
            ("annual_volatility", other.volatility, percent),
        )
    ]
    return table(["", "Compounded", "Arithmetic"], rows)


def _group(name: str, group: Group) -> list[Cell | str]:
    return [
        name,
        count(group.trades),
        _defined(group.win_rate, lambda value: percent(value, 1)),
        _signed(group.pnl, money),
        _defined(group.average_return, percent),
        _defined(group.average_bars, lambda value: f"{value:,.1f}"),
    ]


def _tinted(value: float, strongest: float) -> Cell:
    """Return a month's cell, the deeper in colour the larger the move; the square root keeps small ones visible."""
    if not math.isfinite(value):
        return Cell("")
    alpha = _DEEPEST_TINT * math.sqrt(abs(value) / strongest) if strongest else 0.0
    colour = _GAIN_TINT if value > 0 else _LOSS_TINT
    return Cell(_bare_percent(value), style=f"background: rgba({colour}, {alpha:.2f})")


def _signed(value: float, write: Format) -> Cell:
    if not math.isfinite(value):
        return Cell(UNDEFINED)
    return Cell(write(value), "gain" if value > 0 else "loss" if value < 0 else "")


def _defined(value: float, write: Format) -> str:
    return write(value) if math.isfinite(value) else UNDEFINED


def _bare_percent(value: float) -> str:
    return percent(value, 1).removesuffix(" %")
