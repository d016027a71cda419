"""The head of the report: what was run, and the figures that come first."""

from typing import NamedTuple

from tickfold.backtests.recorded_run import RecordedRun
from tickfold.protocol.formats import counted
from tickfold.protocol.metrics import format_metric, label_of
from tickfold.report.terms import terms

_FIGURES = (
    ("total_return", "buy and hold {buy_and_hold_return}"),
    ("cagr", "volatility {annual_volatility}"),
    ("sharpe", "Sortino {sortino}"),
    ("max_drawdown", "longest {max_drawdown_duration}"),
    ("trades", "{win_rate} won"),
    ("exposure", "cost paid {cost_paid}"),
)
"""Metrics in large type, each with another beside it."""


class Figure(NamedTuple):
    """A figure in large type, and the smaller one beside it."""

    label: str
    value: str
    beside: str


def strategy_of(run: RecordedRun) -> str:
    """Return the strategy with its parameters."""
    parameters = ", ".join(f"{name} {value:g}" for name, value in run.result.parameters.items())
    return f"{run.result.strategy} ({parameters})" if parameters else run.result.strategy


def facts(run: RecordedRun) -> list[tuple[str, str]]:
    """Return the run's range, size and terms, each with its name."""
    result = run.result
    chunks = counted(result.chunks, "chunk")
    of = f"of {counted(len(run.symbols), 'symbol')} " if run.symbols else ""
    return [
        ("range", f"{result.start} to {result.end}"),
        ("bars", f"{result.bars:,} {of}in {chunks}, {result.replayed_bars:,} replayed by the fold"),
        *([("prices", result.prices)] if result.prices else []),
        *terms(run.config),
        *([("no trades", result.no_trades.reason)] if result.no_trades else []),
    ]


def headline(run: RecordedRun) -> list[Figure]:
    """Return the figures that come first."""
    shown = _Shown(run.result.metrics)
    return [Figure(label_of(name), shown[name], beside.format_map(shown)) for name, beside in _FIGURES]


class _Shown(dict[str, float | int | None]):
    """The metrics as text; one that the run does not have is undefined."""

    def __getitem__(self, name: str) -> str:  # type: ignore[override]
        return format_metric(name, self.get(name))
