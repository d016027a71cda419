"""The report's page: one HTML file that needs nothing else, and that a browser does not let reach for anything else."""

import base64
import hashlib
import math
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from importlib.resources import files

import numpy as np

from tickfold.backtests.recorded_run import RecordedRun
from tickfold.engine.bars import MICROSECONDS_PER_DAY, Floats, Ints
from tickfold.engine.performance.benchmark import buy_and_hold
from tickfold.errors import RunError
from tickfold.report import figures
from tickfold.report.conventions import arithmetic
from tickfold.report.drawdown_table import deepest_drawdowns, underwater
from tickfold.report.markup import Cell, data, element, facts, table
from tickfold.report.metric_groups import UNDEFINED, Format, count, formatted, grouped, money, percent, ratio
from tickfold.report.monthly_returns import monthly_returns
from tickfold.report.terms import terms
from tickfold.report.thinning import STRETCHES, drawn_bars
from tickfold.report.trade_groups import Group, by_exit, by_side, held
from tickfold.strategies import Registry

_CSS, _JAVASCRIPT = (
    files(__package__).joinpath(name).read_text(encoding="utf-8") for name in ("report.css", "report.js")
)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def page(run: RecordedRun, plotly: str, registry: Registry) -> str:
    """Return the report of `run` as HTML, with `plotly`, the text of plotly.js, inside.

    A strategy that is not in `registry` has no known lookback, and so no benchmark curve.
    """
    depth = underwater(run.curve.equity)
    drawn = drawn_bars(len(run.curve), run.curve.equity, depth, run.curve.close)
    charts = {
        "equity-figure": figures.equity_figure(run.curve, _benchmark(run, registry), drawn),
        "drawdown-figure": figures.drawdown_figure(run.curve, depth, drawn),
        "trades-figure": figures.trades_figure(run.curve, run.trades, drawn),
    }
    if len(run.trades):
        charts["distribution-figure"] = figures.distribution_figure(run.trades)
    body = [
        _headline(run),
        _section("metrics", "Metrics", _metrics(run)),
        _section("equity", "Equity and buy and hold, dollars", _equity(run, drawn), _scale(run)),
        _section("drawdown", "Drawdown", _chart("drawdown-figure", "low")),
        _section("trades", "Trades on price, dollars", _chart("trades-figure", "tall") + _trades_left_out(run)),
        _section("monthly", "Monthly returns", _monthly(run)),
        _pair(
            _section("drawdowns", "Deepest drawdowns", _drawdowns(run)),
            _section("distribution", "Returns of trades", _distribution(run)),
        ),
        _pair(
            _section("groups", "Trades by side and by end", _groups(run)),
            _section("conventions", "Where conventions differ", _conventions(run)),
        ),
        _footer(run),
    ]
    return _document(run, "\n".join(body), [data(name, chart) for name, chart in charts.items()], plotly)


# --- the page as a whole ---------------------------------------------------------------------------------------------


def _document(run: RecordedRun, body: str, blocks: list[str], plotly: str) -> str:
    scripts = [_script(plotly), _script(_file("report.js"))]
    allowed = " ".join(_digest(text) for text in scripts)
    policy = f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(f'{run.result.symbol} {run.result.strategy} · {run.result.run_id}')}</title>",
            f"<style>{_file('report.css')}</style></head>",
            f"<body><main>\n{body}\n<noscript>The charts need JavaScript; the figures do not.</noscript></main>",
            *blocks,
            *(f"<script>{text}</script>" for text in scripts),
            "</body></html>\n",
        ]
    )


def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _script(text: str) -> str:
    """Return JavaScript as it may stand in a script element, with the line ends that a browser reads."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("</script", "<\\/script")


def _digest(script: str) -> str:
    """Return the digest by which the page's policy lets this script run and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode('ascii')}'"


def _section(identifier: str, title: str, inner: str, beside: str = "") -> str:
    return f'<section id="{identifier}"><div class="head">{element("h2", title)}{beside}</div>{inner}</section>'


def _pair(left: str, right: str) -> str:
    return f'<div class="pair">{left}{right}</div>'


def _chart(name: str, kind: str = "") -> str:
    return f'<div class="chart {kind}" data-figure="{name}"></div>'


# --- at a glance -----------------------------------------------------------------------------------------------------


def _headline(run: RecordedRun) -> str:
    parameters = ", ".join(f"{name} {value:g}" for name, value in run.result.parameters.items())
    about = f"{run.result.strategy} ({parameters})" if parameters else run.result.strategy
    return (
        f"<header><h1>{escape(f'{run.result.symbol} {run.result.timeframe}')}<small>{escape(about)}</small></h1>"
        f"{facts(_facts(run))}{_figures(run)}</header>"
    )


def _facts(run: RecordedRun) -> list[tuple[str, str]]:
    result = run.result
    chunks = f"{result.chunks:,} chunk{'' if result.chunks == 1 else 's'}"
    return [
        ("range", f"{result.start} to {result.end}"),
        ("bars", f"{len(run.curve):,} in {chunks}, {result.replayed_bars:,} replayed by the fold"),
        *terms(run.config),
    ]


def _figures(run: RecordedRun) -> str:
    def of(name: str) -> str:
        return formatted(name, run.result.metrics.get(name))[1]

    chosen = [
        ("Total return", of("total_return"), f"buy and hold {of('buy_and_hold_return')}"),
        ("CAGR", of("cagr"), f"volatility {of('annual_volatility')}"),
        ("Sharpe", of("sharpe"), f"Sortino {of('sortino')}"),
        ("Max drawdown", of("max_drawdown"), f"longest {of('max_drawdown_duration')}"),
        ("Trades", of("trades"), f"{of('win_rate')} won"),
        ("Exposure", of("exposure"), f"cost paid {of('cost_paid')}"),
    ]
    boxes = "".join(
        f"<div>{element('span', name)}{element('b', value)}{element('span', beside)}</div>"
        for name, value, beside in chosen
    )
    return f'<div class="figures">{boxes}</div>'


def _metrics(run: RecordedRun) -> str:
    blocks = [
        f"<div>{element('h3', title)}{table([], [formatted(name, run.result.metrics[name]) for name in names])}</div>"
        for title, names in grouped(run.result.metrics).items()
    ]
    return f'<div class="groups">{"".join(blocks)}</div>'


# --- curves ----------------------------------------------------------------------------------------------------------


def _benchmark(run: RecordedRun, registry: Registry) -> Floats:
    try:
        lookback = registry.create(run.result.strategy, run.result.parameters).lookback
    except RunError:  # a user's own strategy, which this machine does not have: the rest can be told without it
        return np.full(len(run.curve), np.nan)
    return buy_and_hold(run.curve.close, run.config.start_capital, lookback)


def _scale(run: RecordedRun) -> str:
    if (run.curve.equity <= 0).any():
        return ""
    return '<label><input type="checkbox" data-logarithmic="equity-figure">logarithmic</label>'


def _equity(run: RecordedRun, drawn: Ints) -> str:
    if len(drawn) == len(run.curve):
        return _chart("equity-figure")
    return _chart("equity-figure") + element(
        "p",
        f"The charts draw {len(drawn):,} of {len(run.curve):,} bars: of each of {STRETCHES} stretches the first and "
        "the last, and the highest and lowest of equity, drawdown and close. Every figure and table counts all bars.",
        "note",
    )


def _trades_left_out(run: RecordedRun) -> str:
    drawn = len(figures.drawn_trades(run.trades))
    if drawn == len(run.trades):
        return ""
    text = f"The chart draws the {drawn:,} of {len(run.trades):,} trades that won or lost most dollars."
    return element("p", text, "note")


# --- tables ----------------------------------------------------------------------------------------------------------


def _monthly(run: RecordedRun) -> str:
    years = monthly_returns(run.curve.timestamp, run.curve.equity)
    strongest = max((abs(r) for year in years for r in year.months if math.isfinite(r)), default=0.0)
    rows = [
        [Cell(str(year.year)), *(_tinted(r, strongest) for r in year.months), _signed(year.total, _short_percent)]
        for year in reversed(years)
    ]
    note = "Percent, from the last bar of a month (UTC) to that of the next."
    return table(["", *_MONTHS, "Year"], rows, "months") + element("p", note, "note")


def _tinted(value: float, strongest: float) -> Cell:
    """Return a month's cell, the deeper in colour the larger the move; the square root keeps small ones visible."""
    if not math.isfinite(value):
        return Cell("")
    alpha = 0.6 * math.sqrt(abs(value) / strongest) if strongest else 0.0
    colour = "47, 144, 104" if value > 0 else "207, 86, 70"
    return Cell(_short_percent(value), style=f"background: rgba({colour}, {alpha:.2f})")


def _drawdowns(run: RecordedRun) -> str:
    found = deepest_drawdowns(run.curve.timestamp, run.curve.equity)
    if not found:
        return element("p", "Equity never fell below an earlier peak.", "note")
    intraday = bool((run.curve.timestamp % MICROSECONDS_PER_DAY).any())

    def at(time: int) -> str:
        return datetime.fromtimestamp(time / 1e6, UTC).strftime("%Y-%m-%d %H:%M" if intraday else "%Y-%m-%d")

    rows: list[list[Cell | str]] = [
        [
            at(one.peak),
            at(one.trough),
            "not yet" if one.recovery is None else at(one.recovery),
            Cell(percent(one.depth), "loss"),
            f"{one.days:,.1f}" if intraday else count(one.days),
        ]
        for one in found
    ]
    return table(["Peak", "Trough", "Recovery", "Depth", "Days"], rows)


def _distribution(run: RecordedRun) -> str:
    if not len(run.trades):
        return element("p", "The run closed no trade.", "note")
    return _chart("distribution-figure")


def _groups(run: RecordedRun) -> str:
    share = held(run.curve)
    sides = [[*_group(name, group), _rounded(share[name])] for name, group in by_side(run.trades).items()]
    ends = [[*_group(reason.replace("_", " "), group), ""] for reason, group in by_exit(run.trades).items()]
    note = "Held: share of bars at whose close the side is held."
    head = ["", "Trades", "Won", "Profit", "Mean return", "Mean bars", "Held"]
    return table(head, sides + ends) + element("p", note, "note")


def _group(name: str, group: Group) -> list[Cell | str]:
    return [
        name,
        count(group.trades),
        _defined(group.win_rate, _rounded),
        _signed(group.pnl, money),
        _defined(group.average_return, percent),
        _defined(group.average_bars, lambda value: f"{value:,.1f}"),
    ]


def _conventions(run: RecordedRun) -> str:
    other = arithmetic(run.curve.timestamp, run.curve.equity)
    rows = [
        ("Sharpe", _metric(run, "sharpe"), _defined(other.sharpe, ratio)),
        ("Sortino", _metric(run, "sortino"), _defined(other.sortino, ratio)),
        ("Annual volatility", _metric(run, "annual_volatility"), _defined(other.volatility, percent)),
    ]
    notes = (
        "Compounded, as in the metrics above and in backtesting.py: the annual return is the geometric mean of daily "
        "returns compounded over a year, the volatility their variance compounded with it; Sharpe and Sortino divide "
        "that return by the volatility and by the downside deviation.",
        "Arithmetic, as in empyrical and quantstats: mean / deviation · √P, mean · P / downside deviation, and "
        "deviation · √P.",
        f"P is {other.periods} periods a year, the risk-free rate 0, the downside deviation √(mean of squared losses · "
        "P) in both.",
    )
    return table(["", "Compounded", "Arithmetic"], rows) + "".join(element("p", note, "note") for note in notes)


# --- values ----------------------------------------------------------------------------------------------------------


def _metric(run: RecordedRun, name: str) -> str:
    return formatted(name, run.result.metrics.get(name))[1]


def _defined(value: float, write: Format) -> str:
    return write(value) if math.isfinite(value) else UNDEFINED


def _signed(value: float, write: Callable[[float], str]) -> Cell:
    if not math.isfinite(value):
        return Cell(UNDEFINED)
    return Cell(write(value), "gain" if value > 0 else "loss" if value < 0 else "")


def _short_percent(value: float) -> str:
    return f"{100 * value:,.1f}"


def _rounded(value: float) -> str:
    return f"{100 * value:,.1f} %"


def _footer(run: RecordedRun) -> str:
    made = f"{run.created_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, took {run.result.duration_seconds:,.1f} s"
    return element("footer", f"Run {run.result.run_id}, started {made}. Made by Tickfold; amounts are dollars.")
