"""The reduction of a sweep: all sets of parameters are folded and ranked, and the best is folded as a run.

Of a walk-forward, the windows are folded, and the run is that of their out-of-sample parts.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tickfold.backtests import sweep_results
from tickfold.backtests.finished import Finished
from tickfold.backtests.finished_chunks import FinishedChunks
from tickfold.backtests.folding import RunFolding, fold_on
from tickfold.backtests.grid import Grid
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.run_store import RunStore
from tickfold.backtests.sets_folding import SetsFolding
from tickfold.backtests.sweep_results import Row
from tickfold.backtests.windows_folding import WindowsFolding
from tickfold.engine.sweep import rank
from tickfold.protocol import (
    HEADLINE_METRICS,
    Ranked,
    Sample,
    Sweep,
    SweepConfig,
    WalkForward,
    WindowOutcome,
)
from tickfold.realtime.message_size import fitting
from tickfold.storage.bucket import Bucket

MOST_ROWS = 50
"""Rows of a table in a message."""
BYTES_BESIDE_ROWS = 2_000
"""Upper bound of the other fields of such a message."""


@dataclass(frozen=True)
class SweepReduction:
    """The reduction of the sweep of `manifest`, in parts of so many bars."""

    bucket: Bucket
    runs: RunStore
    manifest: Manifest
    config: SweepConfig
    grid: Grid
    part_bars: int

    def fold_finished(self, finished: FinishedChunks, until: float) -> bool:
        """Fold what is `finished`, as `fold_on` does."""
        return fold_on(self._windows if self.config.walk_forward else self._sets, finished, until)

    def finish(self, finished: FinishedChunks, until: float) -> Finished | None:
        """Fold all; then write and publish the table, and return the run that the sweep ends with.

        Return None if `until` has passed meanwhile.
        """
        if not self.fold_finished(finished, until):
            return None
        return self._walked() if self.config.walk_forward else self._best(finished, until)

    @property
    def _sets(self) -> SetsFolding:
        return SetsFolding(self.bucket, self.manifest, len(self.grid.strategies), part_bars=self.part_bars)

    @property
    def _windows(self) -> WindowsFolding:
        sets = len(self.grid.strategies)
        return WindowsFolding(self.bucket, self.runs, self.manifest, self.config, sets, part_bars=self.part_bars)

    def _best(self, finished: FinishedChunks, until: float) -> Finished | None:
        strategies, runs = self.grid.strategies, self._sets.finished()
        metrics = [run.metrics() for run in runs]
        order = rank(metrics, self.config.rank_by)
        no_trades = {
            at: found.cause
            for at, (run, strategy) in enumerate(zip(runs, strategies, strict=True))
            if (found := run.no_trades(strategy))
        }
        rows = sweep_results.sweep_rows(strategies, metrics, order, no_trades)
        uri = sweep_results.put_sweep(self.bucket, self.manifest.run_id, rows)
        self.runs.publish(self.manifest.run_id, self._sweep_message(rows, uri), once="table")
        best, sets = order[0], len(strategies)
        folding = RunFolding(
            self.bucket,
            self.runs,
            self.manifest,
            strategies[best],
            number=best,
            sets=sets,
            part_bars=self.part_bars,
        )
        return folding.finished() if fold_on(folding, finished, until) else None

    def _walked(self) -> Finished:
        windows = self._windows
        walked = windows.walked(windows.parts)
        rows = sweep_results.walk_forward_rows(self.grid.strategies, walked.windows, self.config.rank_by)
        uri = sweep_results.put_walk_forward(self.bucket, self.manifest.run_id, rows)
        table = self._walk_forward_message(rows, uri, windows.unused_bars)
        self.runs.publish(self.manifest.run_id, table, once="table")
        return windows.finished(walked)

    def _sweep_message(self, rows: Sequence[Row], uri: str) -> Sweep:
        named = dict.fromkeys([self.config.rank_by, *HEADLINE_METRICS, "win_rate"])
        return Sweep(
            rank_by=self.config.rank_by,
            combinations=len(rows),
            left_out=self.grid.left_out,
            without_trades=Counter(row["no_trades"] for row in rows if row["no_trades"]),
            best=fitting((_ranked(row, named) for row in rows[:MOST_ROWS]), reserved=BYTES_BESIDE_ROWS),
            table_uri=uri,
        )

    def _walk_forward_message(self, rows: Sequence[Row], uri: str, unused_bars: int) -> WalkForward:
        return WalkForward(
            rank_by=self.config.rank_by,
            combinations=len(self.grid.strategies),
            left_out=self.grid.left_out,
            windows=len(rows),
            unused_bars=unused_bars,
            first=fitting((_window(row) for row in rows[:MOST_ROWS]), reserved=BYTES_BESIDE_ROWS),
            table_uri=uri,
        )


def _ranked(row: Row, named: Iterable[str]) -> Ranked:
    return Ranked(
        rank=row["rank"],
        parameters=row["parameters"],
        metrics={name: row[name] for name in named},
        no_trades=row["no_trades"],
    )


def _window(row: Row) -> WindowOutcome:
    return WindowOutcome(
        window=row["window_number"],
        parameters=row["parameters"],
        in_sample=_sample(row, "in_sample"),
        out_of_sample=_sample(row, "out_of_sample"),
    )


def _sample(row: Row, name: str) -> Sample:
    return Sample(
        start=row[f"{name}_start"] // 1000,
        end=row[f"{name}_end"] // 1000,
        metric=row[f"{name}_metric"],
        total_return=row[f"{name}_return"],
    )
