"""The result of a sweep: the ranking, and the best run."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from tickfold.backtests.sweep_results import Row
from tickfold.local.result import BacktestResult
from tickfold.local.rows import frame_of
from tickfold.protocol.formats import counted
from tickfold.protocol.metrics import HEADLINE_METRICS, column_of, format_metric, label_of
from tickfold.storage import tables

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 10
"""Rows of the ranking to show."""


class SweepResult:
    """The runs of a sweep, best first; in a notebook it shows the first of them, and the best."""

    def __init__(self, rows: Sequence[Row], rank_by: str, left_out: int, best: BacktestResult) -> None:
        self._rows = rows
        self.rank_by = rank_by
        self.left_out = left_out
        self.best = best

    @cached_property
    def table(self) -> "pd.DataFrame":
        """The runs, best first: rank, a column a parameter, a column a metric, and why there are no trades."""
        return frame_of(self._rows, tables.SWEEPS)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        head, rows = self._shown()
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        lines = [
            "  ".join(f"{text:>{width}}" for text, width in zip(row, widths, strict=True)) for row in (head, *rows)
        ]
        return "\n".join([self._title(), *lines])

    def _repr_html_(self) -> str:
        from tickfold.local.summary import table  # noqa: PLC0415

        return f"<p><b>{self._title()}</b></p>{table(*self._shown())}{self.best._repr_html_()}"

    def _title(self) -> str:
        left_out = f", {self.left_out:,} left out, as the strategy rejects them" if self.left_out else ""
        return f"{counted(len(self), 'run')} by {label_of(self.rank_by)}{left_out}"

    def _shown(self) -> tuple[list[str], list[list[str]]]:
        """Return the head and the first rows of the ranking, as text."""
        metrics = list(dict.fromkeys([self.rank_by, *HEADLINE_METRICS]))
        head = ["", *self._rows[0]["parameters"], *map(column_of, metrics)]
        rows = [
            [
                str(row["rank"]),
                *(f"{value:g}" for value in row["parameters"].values()),
                *(format_metric(name, row[name]) for name in metrics),
            ]
            for row in self._rows[:_SHOWN]
        ]
        return head, rows
