"""A finished run on this machine, as a stack would have recorded it: its result, its tables, and its report."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from tickfold.backtests.finished import Finished, result_of
from tickfold.backtests.manifest import Manifest, PlannedSleeve
from tickfold.backtests.planning import Range
from tickfold.backtests.run import new_run_id
from tickfold.engine.arrays import Floats
from tickfold.protocol import BacktestConfig, Config, Result


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """A run: its config, when it was begun, its result, and the tables of its trades and its equity.

    `benchmark` is the curve of buy and hold in dollars, a value a row of `equity`. `equity_by_symbol` and
    `runs_by_symbol` are those of a universe.
    """

    config: BacktestConfig
    created_at: datetime
    result: Result
    trades: pa.Table
    equity: pa.Table
    benchmark: Floats
    notes: tuple[str, ...] = ()
    equity_by_symbol: pa.Table | None = None
    runs_by_symbol: pa.Table | None = None


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
    finished: Finished,
    config: BacktestConfig,
    *,
    trades: pa.Table,
    equity: pa.Table,
    notes: tuple[str, ...],
    equity_by_symbol: pa.Table | None = None,
    runs_by_symbol: pa.Table | None = None,
) -> FinishedRun:
    """Return the run that `manifest` planned and that came to `finished`; `config` is that of its single run."""
    result = result_of(manifest, finished, lambda _key: "").model_copy(update={"run_id": manifest.run_id})
    return FinishedRun(
        config,
        manifest.created_at,
        result,
        trades,
        equity,
        finished.benchmark,
        notes,
        equity_by_symbol,
        runs_by_symbol,
    )


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)
