"""Reduce of a sweep: every set of parameters is folded as a run is, the sets are ranked, and the best is concluded.

Or, where a walk-forward was asked for, its windows are walked through, and the run that they make is concluded.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from functions import wiring
from functions.backtests.conclusion import Finished
from tickfold.backtests import chunk_files, results, sweep_results
from tickfold.backtests.chunk_files import ChunkFile
from tickfold.backtests.grid import Grid, expand
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.planning import account_of, orders_of
from tickfold.engine.backtest import Outcome, conclude
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.chunk import Speculation
from tickfold.engine.decisions.fold import fold
from tickfold.engine.performance.benchmark import buy_and_hold
from tickfold.engine.sweep import rank, signals_of
from tickfold.engine.walk_forward import walk_forward, windows
from tickfold.market_data.bar_store import SeriesStore
from tickfold.market_data.series import utc
from tickfold.protocol import (
    MAX_MESSAGE_BYTES,
    Ranked,
    Sample,
    Sweep,
    SweepConfig,
    WalkForward,
    WindowOutcome,
    Windows,
    dump,
)

HEAD = 50
"""Rows of a table that a message has at most."""
BYTES_BESIDE_ROWS = 2_000
"""What a message holds besides them takes less."""
HEADLINES = ("final_equity", "total_return", "sharpe", "max_drawdown", "trades", "win_rate")


Row = TypeVar("Row", Ranked, WindowOutcome)


@dataclass(frozen=True)
class _Swept:
    """A sweep whose chunks have been simulated."""

    manifest: Manifest
    config: SweepConfig
    grid: Grid
    files: list[ChunkFile]
    bars: Bars

    def of(self, number: int) -> list[Speculation]:
        """Return what was found with set `number`, chunk by chunk."""
        return [file.of(number) for file in self.files]


def reduce_sweep(manifest: Manifest, config: SweepConfig) -> Finished:
    """Write and send the sweep's table, write the trades and curve of the run that it ends with, and return that."""
    s3, bucket = wiring.s3(), wiring.bucket()
    grid = expand(config, wiring.strategies())
    (sleeve,) = manifest.sleeves
    symbol, sets = sleeve.series.symbol, len(grid.strategies)
    files = chunk_files.get_all(s3, bucket, manifest.run_id, symbol, sleeve.chunks, sets=sets)
    bars = SeriesStore(s3, bucket).read(sleeve.series, sleeve.first, sleeve.first + sleeve.bars)
    swept = _Swept(manifest, config, grid, files, bars)
    return _walk_forward(swept, config.walk_forward) if config.walk_forward else _rank(swept)


def _rank(swept: _Swept) -> Finished:
    config, strategies, bars = swept.config, swept.grid.strategies, swept.bars
    account, orders = account_of(config), orders_of(config)

    def run(number: int) -> tuple[Outcome, int]:
        folded = fold(swept.of(number), bars, orders)
        return conclude(folded.decisions, bars, strategies[number], account, orders), folded.replayed_bars

    metrics = [run(number)[0].metrics for number in range(len(strategies))]  # never all curves at once
    order = rank(metrics, config.rank_by)
    rows = sweep_results.sweep_rows(strategies, metrics, order)
    uri = sweep_results.put_sweep(wiring.s3(), wiring.bucket(), swept.manifest.run_id, rows)
    wiring.runs().publish(swept.manifest.run_id, _sweep_message(swept, rows, uri), once="table")
    best, replayed_bars = run(order[0])
    results.put_curves(wiring.s3(), wiring.bucket(), swept.manifest, bars, best)
    return Finished.of_one_symbol(
        bars,
        best,
        buy_and_hold(bars.close, config.start_capital, strategies[order[0]].lookback),
        days=(config.start_date, config.end_date),
        parameters=strategies[order[0]].model_dump(),
        replayed_bars=replayed_bars,
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
    uri = sweep_results.put_walk_forward(wiring.s3(), wiring.bucket(), swept.manifest.run_id, rows)
    table = _walk_forward_message(swept, rows, uri, len(bars) - walk.stop)
    wiring.runs().publish(swept.manifest.run_id, table, once="table")
    traded = bars[walk.start : walk.stop]
    results.put_curves(wiring.s3(), wiring.bucket(), swept.manifest, traded, walk.outcome)
    first, last = (utc(int(time)).date() for time in traded.timestamp[[0, -1]])
    market = buy_and_hold(traded.close, config.start_capital, lookback=0)
    return Finished.of_one_symbol(traded, walk.outcome, market, days=(first, last), parameters={}, replayed_bars=0)


def _sweep_message(swept: _Swept, rows: list[sweep_results.Row], uri: str) -> Sweep:
    named = dict.fromkeys([swept.config.rank_by, *HEADLINES])
    return Sweep(
        rank_by=swept.config.rank_by,
        combinations=len(rows),
        left_out=swept.grid.left_out,
        best=_fitting(
            Ranked(rank=row["rank"], parameters=row["parameters"], metrics={name: row[name] for name in named})
            for row in rows[:HEAD]
        ),
        table_uri=uri,
    )


def _walk_forward_message(swept: _Swept, rows: list[sweep_results.Row], uri: str, unused_bars: int) -> WalkForward:
    return WalkForward(
        rank_by=swept.config.rank_by,
        combinations=len(swept.grid.strategies),
        left_out=swept.grid.left_out,
        windows=len(rows),
        unused_bars=unused_bars,
        first=_fitting(
            WindowOutcome(
                window=row["window_number"],
                parameters=row["parameters"],
                in_sample=_sample(row, "in_sample"),
                out_of_sample=_sample(row, "out_of_sample"),
            )
            for row in rows[:HEAD]
        ),
        table_uri=uri,
    )


def _sample(row: sweep_results.Row, name: str) -> Sample:
    return Sample(
        start=row[f"{name}_start"] // 1000,
        end=row[f"{name}_end"] // 1000,
        metric=row[f"{name}_metric"],
        total_return=row[f"{name}_return"],
    )


def _fitting(rows: Iterable[Row]) -> list[Row]:
    """Return the first of `rows`, as many as a message has room for."""
    fitting: list[Row] = []
    room = MAX_MESSAGE_BYTES - BYTES_BESIDE_ROWS
    for row in rows:
        room -= len(dump(row).encode()) + 1
        if room < 0:
            break
        fitting.append(row)
    return fitting
