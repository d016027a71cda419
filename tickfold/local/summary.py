"""The summary of a result in a notebook: HTML with a chart, no script, and nothing from the network."""

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from tickfold.local.equity_chart import equity_chart
from tickfold.local.finished_run import FinishedRun
from tickfold.protocol.formats import counted
from tickfold.protocol.metrics import format_metric, grouped, label_of

_LEFT, _RIGHT = "text-align: left", "text-align: right"


def summary(run: FinishedRun, table_of_parts: str = "") -> str:
    """Return the summary of `run`, with a table of its parts, in HTML, between chart and metrics."""
    parts = [heading(run), _why_without_trades(run), _chart(run), table_of_parts, _metrics(run)]
    return f"<div>{''.join(parts)}{notes(run.notes)}</div>"


def heading(run: FinishedRun) -> str:
    """Return what was run."""
    result = run.result
    parameters = ", ".join(f"{name} {value:g}" for name, value in result.parameters.items())
    strategy = f"{result.strategy} ({parameters})" if parameters else result.strategy
    rest = f"{result.timeframe}, {counted(result.bars, 'bar')}, {result.start} to {result.end}"
    return f"<p><b>{escape(strategy)}</b> on <b>{escape(result.symbol.replace(',', ', '))}</b>, {escape(rest)}</p>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], first: str = _LEFT) -> str:
    """Return a table of texts, numbers to the right; `first` is the style of the first column."""
    styles = [first, *[_RIGHT] * 50]
    titles = "".join(f'<th style="{style}">{escape(text)}</th>' for style, text in zip(styles, head, strict=False))
    lines = [
        "".join(f'<td style="{style}">{escape(text)}</td>' for style, text in zip(styles, row, strict=False))
        for row in rows
    ]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table>{f'<thead><tr>{titles}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"


def notes(texts: Sequence[str]) -> str:
    """Return the notes on how bars were read, in small type."""
    return "".join(f"<div><small>{escape(text)}</small></div>" for text in texts)


def _why_without_trades(run: FinishedRun) -> str:
    return f"<p>No trades: {escape(run.result.no_trades.reason)}</p>" if run.result.no_trades else ""


def _chart(run: FinishedRun) -> str:
    if run.equity.num_rows < 2:
        return ""
    timestamp = np.asarray(run.equity["timestamp"].cast("int64")) * 1_000
    return equity_chart(timestamp, np.asarray(run.equity["equity"]), run.benchmark)


def _metrics(run: FinishedRun) -> str:
    metrics = run.result.metrics
    groups = [
        f'<td style="vertical-align: top; {_LEFT}"><b>{title}</b>'
        f"{table([], [(label_of(name), format_metric(name, metrics[name])) for name in names])}</td>"
        for title, names in grouped(metrics).items()
    ]
    return f"<table><tr>{''.join(groups)}</tr></table>"
