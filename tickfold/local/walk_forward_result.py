"""The result of a walk-forward: the run that the out-of-sample parts make up, and the windows."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from tickfold.backtests.sweep_results import Row
from tickfold.engine.calendar import MICROSECONDS_PER_DAY, date_of
from tickfold.local.finished_run import FinishedRun
from tickfold.local.result import BacktestResult
from tickfold.local.rows import frame_of
from tickfold.protocol.formats import counted
from tickfold.protocol.metrics import column_of, format_metric
from tickfold.storage import tables

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 10
"""Windows to show."""


class WalkForwardResult(BacktestResult):
    """The result of a walk-forward: metrics, trades and equity are those of what was traded out of sample.

    `left_out` counts the combinations that the strategy rejects, `unused_bars` those at the end that fill no window.
    """

    def __init__(self, run: FinishedRun, rows: Sequence[Row], left_out: int, unused_bars: int) -> None:
        super().__init__(run)
        self._rows = rows
        self.left_out = left_out
        self.unused_bars = unused_bars

    @cached_property
    def windows(self) -> "pd.DataFrame":
        """The windows in order: the chosen parameters, a column each, and the metric and return on both samples."""
        return frame_of(self._rows, tables.WALK_FORWARD)

    def _table_html(self) -> str:
        from tickfold.local.summary import table  # noqa: PLC0415

        rank_by = self._rows[0]["rank_by"]
        metrics = {"metric": rank_by, "return": "total_return"}
        head = ["Traded from", *self._rows[0]["parameters"]]
        head += [f"{column_of(name)} {sample}" for sample in ("in sample", "traded") for name in metrics.values()]
        rows = [
            [
                str(date_of(row["out_of_sample_start"] // MICROSECONDS_PER_DAY)),
                *(f"{value:g}" for value in row["parameters"].values()),
                *(
                    format_metric(name, row[f"{sample}_{short}"])
                    for sample in ("in_sample", "out_of_sample")
                    for short, name in metrics.items()
                ),
            ]
            for row in self._rows[:_SHOWN]
        ]
        more = len(self._rows) - len(rows)
        return table(head, rows) + (f"<p>… and {counted(more, 'window')} more</p>" if more else "")
