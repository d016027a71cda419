"""A finished run on this machine, as a stack would have recorded it: its result and its tables."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pyarrow as pa

from tickfold.backtests import results
from tickfold.backtests.finished import Finished, result_of
from tickfold.backtests.manifest import Manifest, PlannedSleeve
from tickfold.backtests.planning import Range
from tickfold.backtests.run import new_run_id
from tickfold.engine.arrays import Floats
from tickfold.engine.backtest import Outcome
from tickfold.engine.bars import Bars
from tickfold.engine.performance.benchmark import buy_and_hold
from tickfold.protocol import BacktestConfig, Config, Number, Result


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """A run: its config, when it was begun, its result, and the tables of its trades and its equity.

    `benchmark` is the curve of buy and hold in dollars, a value a row of `equity`. `runs_by_symbol` and
    `equity_by_symbol` are those of a universe.
    """

    config: BacktestConfig
    created_at: datetime
    result: Result
    trades: pa.Table
    equity: pa.Table
    benchmark: Floats
    notes: tuple[str, ...] = ()
    runs_by_symbol: pa.Table | None = None
    equity_by_symbol: pa.Table | None = None


def manifest_of(config: Config, ranges: Sequence[Range], begun: datetime) -> Manifest:
    """Return the manifest of a run whose bars are one chunk for each symbol."""
    sleeves = [
        PlannedSleeve(series=each.series, share=allocation.share, first=each.first, edges=[0, each.bars])
        for allocation, each in zip(config.allocations, ranges, strict=True)
    ]
    symbols = [each.series.symbol for each in ranges]
    run_id = new_run_id(symbols, config.strategy, begun, secrets.token_hex(3))
    return Manifest(run_id=run_id, created_at=begun, execution_arn="", config=config, sleeves=sleeves)


def finish(
    manifest: Manifest,
    config: BacktestConfig,
    finished: Finished,
    *,
    benchmark: Floats,
    tables: Mapping[str, pa.Table],
    notes: tuple[str, ...],
) -> FinishedRun:
    """Return the run that `manifest` planned and that came to `finished`, with its `tables` by their names.

    `config` is that of its single run, where `manifest` has a sweep's; `benchmark` is its buy and hold, in dollars.
    """
    result = result_of(manifest, finished, lambda _key: "").model_copy(update={"run_id": manifest.run_id})
    return FinishedRun(config, manifest.created_at, result, benchmark=benchmark, notes=notes, **tables)


def finish_one_symbol(
    manifest: Manifest,
    config: BacktestConfig,
    bars: Bars,
    outcome: Outcome,
    *,
    parameters: dict[str, Number],
    notes: tuple[str, ...],
    days: tuple[date, date] | None = None,
) -> FinishedRun:
    """Return the run of one symbol over `bars`, by default for the days of `config`."""
    finished = Finished.of_one_symbol(
        bars,
        outcome,
        days=days or (config.start_date, config.end_date),
        parameters=parameters,
        replayed_bars=0,
    )
    statement = outcome.statement
    tables = {
        "trades": results.trades_table(manifest.symbol, statement.trades, results.times_of(bars, statement.trades)),
        "equity": results.equity_table(bars, statement),
    }
    benchmark = buy_and_hold(bars.close, config.start_capital)
    return finish(manifest, config, finished, benchmark=benchmark, tables=tables, notes=notes)


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)
