"""The result of a universe: that of the whole account, and each symbol's own."""

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from tickfold.local.finished_run import FinishedRun
from tickfold.local.result import BacktestResult
from tickfold.local.rows import with_metrics
from tickfold.protocol.formats import count, percent
from tickfold.protocol.metrics import HEADLINE_METRICS, column_of, format_metric

if TYPE_CHECKING:
    import pandas as pd


class UniverseResult(BacktestResult):
    """The result of a run of several symbols: metrics, trades and equity are those of the whole account.

    `by_symbol` has each symbol's own result, of its share of the capital.
    """

    def __init__(self, run: FinishedRun, by_symbol: Mapping[str, BacktestResult]) -> None:
        super().__init__(run)
        self.by_symbol = MappingProxyType(dict(by_symbol))

    @cached_property
    def symbols(self) -> "pd.DataFrame":
        """A row a symbol: its share, capital and bars, every metric, and why there are no trades."""
        return with_metrics(self._run.runs_by_symbol, self.metrics)

    @cached_property
    def equity_by_symbol(self) -> "pd.DataFrame":
        """Each symbol's account at each of its bars, with the columns of the table `equity_by_symbol`."""
        assert self._run.equity_by_symbol is not None  # noqa: S101 - a universe has it
        return self._run.equity_by_symbol.to_pandas()

    def _table_html(self) -> str:
        from tickfold.local.summary import table  # noqa: PLC0415

        head = ["Symbol", "Share", "Bars", *map(column_of, HEADLINE_METRICS)]
        return table(
            head,
            [
                [
                    own.symbol,
                    percent(own.share),
                    count(own.bars),
                    *(format_metric(name, own.metrics[name]) for name in HEADLINE_METRICS),
                ]
                for own in self._run.result.symbols
            ],
        )
