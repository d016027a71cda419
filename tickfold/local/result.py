"""The result of a run: metrics, trades and equity, and the report."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from tickfold.local.finished_run import FinishedRun
from tickfold.protocol import BacktestConfig, Number
from tickfold.protocol.formats import counted
from tickfold.protocol.metrics import HEADLINE_METRICS, format_metric, label_of
from tickfold.protocol.symbol import shown_symbols

if TYPE_CHECKING:
    import pandas as pd


class BacktestResult:
    """The result of one run; in a notebook it shows itself as a summary with a chart."""

    def __init__(self, run: FinishedRun) -> None:
        self._run = run

    @property
    def metrics(self) -> Mapping[str, float | None]:
        """Every metric by its name, as docs/reference/metrics.md defines them; None if it is undefined."""
        return MappingProxyType(self._run.result.metrics)

    @cached_property
    def trades(self) -> "pd.DataFrame":
        """The closed trades in the order of their exits, with the columns of the table `trades`; times are UTC."""
        return self._run.trades.to_pandas()

    @cached_property
    def equity(self) -> "pd.DataFrame":
        """The account at each bar's close, with the columns of the table `equity`; times are UTC."""
        return self._run.equity.to_pandas()

    @property
    def config(self) -> BacktestConfig:
        """What was run: days, capital, orders and costs, whether they were given or are defaults."""
        return self._run.config

    @property
    def parameters(self) -> Mapping[str, Number]:
        """The strategy's parameters."""
        return MappingProxyType(self._run.result.parameters)

    @property
    def no_trades(self) -> str | None:
        """Why no position was opened; None if one was."""
        return self._run.result.no_trades.reason if self._run.result.no_trades else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed or changed in reading the bars."""
        return self._run.notes

    def report(self, path: str | Path) -> Path:
        """Write the report, one HTML page that needs no network, into the file `path`, and return that.

        Raises:
            OSError: the file cannot be written.
        """
        from tickfold.local.report import write_report  # noqa: PLC0415 - templates and plotly.js take a while

        return write_report(self._run, Path(path))

    def __repr__(self) -> str:
        result = self._run.result
        parameters = ", ".join(f"{name}={value:g}" for name, value in result.parameters.items())
        symbols = shown_symbols(result.symbol)
        head = f"{type(self).__name__}: {result.strategy}({parameters}) on {symbols} {result.timeframe}"
        lines = [f"{head}, {counted(result.bars, 'bar')}, {result.start} … {result.end}"]
        lines += [f"  {label_of(name):<14}{format_metric(name, self.metrics[name]):>14}" for name in HEADLINE_METRICS]
        return "\n".join(lines + ([f"  no trades: {self.no_trades}"] if self.no_trades else []))

    def _repr_html_(self) -> str:
        from tickfold.local.summary import summary  # noqa: PLC0415

        return summary(self._run, self._table_html())

    def _table_html(self) -> str:
        """Return what the summary shows between the chart and the metrics."""
        return ""
