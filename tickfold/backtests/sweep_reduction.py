"""The reduction of a sweep: each set of parameters is folded as a run is, and the sets are ranked; the best is the run.

Of a walk-forward, the windows are computed, and the run is that of their out-of-sample parts.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tickfold.backtests import results, sweep_results
from tickfold.backtests.chunk_files import ChunkFile, ChunkFiles
from tickfold.backtests.finished import Finished
from tickfold.backtests.grid import Grid
from tickfold.backtests.live_curve import publish_curve
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.planning import account_of, orders_of
from tickfold.backtests.run_store import RunStore
from tickfold.backtests.settlement import read_bars
from tickfold.engine.accounting.cause import Cause
from tickfold.engine.backtest import Folded, Outcome, fold
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import date_of
from tickfold.engine.decisions.chunk import Speculation
from tickfold.engine.performance.benchmark import buy_and_hold
from tickfold.engine.performance.metrics import Metrics
from tickfold.engine.sweep import rank, signals_of
from tickfold.engine.walk_forward import walk_forward, windows
from tickfold.protocol import (
    HEADLINE_METRICS,
    Ranked,
    Sample,
    Sweep,
    SweepConfig,
    WalkForward,
    WindowOutcome,
    Windows,
)
from tickfold.realtime.message_size import fitting
from tickfold.storage.bucket import Bucket

MOST_ROWS = 50
"""Rows of a table in a message."""
BYTES_BESIDE_ROWS = 2_000
"""Upper bound of the other fields of such a message."""


@dataclass(frozen=True)
class _Swept:
    """A sweep whose chunks have been simulated."""

    bucket: Bucket
    runs: RunStore
    manifest: Manifest
    config: SweepConfig
    grid: Grid
    files: list[ChunkFile]
    bars: Bars

    def of(self, number: int) -> list[Speculation]:
        """Return the speculations of set `number`, chunk by chunk."""
        return [file.of(number) for file in self.files]


def reduce_sweep(bucket: Bucket, runs: RunStore, manifest: Manifest, config: SweepConfig, grid: Grid) -> Finished:
    """Write and publish the sweep's table, write the trades and curve of its final run, and return that run."""
    (sleeve,) = manifest.sleeves
    chunk_files = ChunkFiles(bucket, manifest.run_id)
    files = chunk_files.get_all(sleeve.series.symbol, sleeve.chunks, sets=len(grid.strategies))
    swept = _Swept(bucket, runs, manifest, config, grid, files, read_bars(bucket, sleeve, 0, sleeve.bars))
    return _walk_forward(swept, config.walk_forward) if config.walk_forward else _rank(swept)


def _rank(swept: _Swept) -> Finished:
    config, strategies, bars = swept.config, swept.grid.strategies, swept.bars
    account, orders = account_of(config), orders_of(config)

    def run(number: int) -> Folded:
        return fold(swept.of(number), bars, account, orders, strategies[number])

    metrics: list[Metrics] = []
    no_trades: dict[int, Cause] = {}
    for number in range(len(strategies)):  # never all curves at once
        outcome = run(number).outcome
        metrics.append(outcome.metrics)
        if outcome.no_trades:
            no_trades[number] = outcome.no_trades.cause
    order = rank(metrics, config.rank_by)
    rows = sweep_results.sweep_rows(strategies, metrics, order, no_trades)
    uri = sweep_results.put_sweep(swept.bucket, swept.manifest.run_id, rows)
    swept.runs.publish(swept.manifest.run_id, _sweep_message(swept, rows, uri), once="table")
    best = run(order[0])
    _put_curves(swept, bars, best.outcome)
    return Finished.of_one_symbol(
        bars,
        best.outcome,
        days=(config.start_date, config.end_date),
        parameters=strategies[order[0]].model_dump(),
        replayed_bars=best.replayed_bars,
    )


def _walk_forward(swept: _Swept, asked: Windows) -> Finished:
    config, bars = swept.config, swept.bars
    walk = walk_forward(
        bars,
        [signals_of(swept.of(number), len(bars)) for number in range(len(swept.grid.strategies))],
        windows(len(bars), asked.in_sample, asked.out_of_sample),
        account_of(config),
        orders_of(config),
        rank_by=config.rank_by,
    )
    rows = sweep_results.walk_forward_rows(swept.grid.strategies, walk, bars, config.rank_by)
    uri = sweep_results.put_walk_forward(swept.bucket, swept.manifest.run_id, rows)
    table = _walk_forward_message(swept, rows, uri, len(bars) - walk.stop)
    swept.runs.publish(swept.manifest.run_id, table, once="table")
    traded = bars[walk.start : walk.stop]
    _put_curves(swept, traded, walk.outcome)
    first, last = (date_of(int(day)) for day in traded.session_dates[[0, -1]])
    return Finished.of_one_symbol(traded, walk.outcome, days=(first, last), parameters={}, replayed_bars=0)


def _put_curves(swept: _Swept, bars: Bars, outcome: Outcome) -> None:
    """Write and publish the curve of the run over `bars` that the sweep ends with, and write its trades."""
    results.put_curves(swept.bucket, swept.manifest, bars, outcome)
    benchmark = buy_and_hold(bars.close, swept.config.start_capital)
    publish_curve(swept.runs, swept.manifest.run_id, bars.timestamp, outcome.statement.equity, benchmark)


def _sweep_message(swept: _Swept, rows: list[sweep_results.Row], uri: str) -> Sweep:
    named = dict.fromkeys([swept.config.rank_by, *HEADLINE_METRICS, "win_rate"])
    return Sweep(
        rank_by=swept.config.rank_by,
        combinations=len(rows),
        left_out=swept.grid.left_out,
        without_trades=Counter(row["no_trades"] for row in rows if row["no_trades"]),
        best=fitting((_ranked(row, named) for row in rows[:MOST_ROWS]), reserved=BYTES_BESIDE_ROWS),
        table_uri=uri,
    )


def _ranked(row: sweep_results.Row, named: Iterable[str]) -> Ranked:
    return Ranked(
        rank=row["rank"],
        parameters=row["parameters"],
        metrics={name: row[name] for name in named},
        no_trades=row["no_trades"],
    )


def _walk_forward_message(swept: _Swept, rows: list[sweep_results.Row], uri: str, unused_bars: int) -> WalkForward:
    return WalkForward(
        rank_by=swept.config.rank_by,
        combinations=len(swept.grid.strategies),
        left_out=swept.grid.left_out,
        windows=len(rows),
        unused_bars=unused_bars,
        first=fitting((_window(row) for row in rows[:MOST_ROWS]), reserved=BYTES_BESIDE_ROWS),
        table_uri=uri,
    )


def _window(row: sweep_results.Row) -> WindowOutcome:
    return WindowOutcome(
        window=row["window_number"],
        parameters=row["parameters"],
        in_sample=_sample(row, "in_sample"),
        out_of_sample=_sample(row, "out_of_sample"),
    )


def _sample(row: sweep_results.Row, name: str) -> Sample:
    return Sample(
        start=row[f"{name}_start"] // 1000,
        end=row[f"{name}_end"] // 1000,
        metric=row[f"{name}_metric"],
        total_return=row[f"{name}_return"],
    )
