"""The conclusion of a run: its result is stored, and published."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import isfinite
from typing import Self

from tickfold.backtests import results
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.backtests.run_store import RunStore
from tickfold.engine.arrays import Floats, Ints
from tickfold.engine.backtest import Outcome
from tickfold.engine.bars import Bars
from tickfold.engine.performance.metrics import Metrics
from tickfold.protocol import NoTrades, Number, Partial, Result, SymbolResult
from tickfold.storage import layout
from tickfold.storage.bucket import Bucket

CURVE_POINTS = 5_000
POINTS_A_PIECE = 400
"""About 60 bytes a point: a piece stays under the 32 KB of a WebSocket frame."""


@dataclass(frozen=True, eq=False)
class Finished:
    """The outcome of a run from the day `start` to `end`, of which the trades and curves are written.

    `benchmark` is the curve of buy and hold, NaN before the first purchase. `bars` counts those of all symbols;
    `symbols` is empty unless several were requested. `no_trades` is None if a position was opened.
    """

    start: date
    end: date
    bars: int
    parameters: dict[str, Number]
    timestamp: Ints
    equity: Floats
    benchmark: Floats
    metrics: Metrics
    replayed_bars: int
    sequential_bars: int
    symbols: list[SymbolResult]
    no_trades: NoTrades | None = None

    @classmethod
    def of_one_symbol(
        cls,
        bars: Bars,
        outcome: Outcome,
        benchmark: Floats,
        *,
        days: tuple[date, date],
        parameters: dict[str, Number],
        replayed_bars: int,
    ) -> Self:
        """Return the outcome of a run of one symbol over `bars`."""
        return cls(
            start=days[0],
            end=days[1],
            bars=len(bars),
            parameters=parameters,
            timestamp=bars.timestamp,
            equity=outcome.statement.equity,
            benchmark=benchmark,
            metrics=outcome.metrics,
            replayed_bars=replayed_bars,
            sequential_bars=outcome.statement.sequential_bars,
            symbols=[],
            no_trades=results.told(outcome.no_trades),
        )


def conclude_run(bucket: Bucket, runs: RunLifecycle, manifest: Manifest, finished: Finished) -> None:
    """Store and publish the result of a run. A run that was cancelled meanwhile is left as it is."""
    if runs.status(manifest.run_id) != "running":
        return
    result = _result(bucket, manifest, finished)
    results.put_run(bucket, manifest, result)
    _publish_curves(runs, manifest.run_id, finished)
    runs.end(manifest.run_id, result)


def _result(bucket: Bucket, manifest: Manifest, finished: Finished) -> Result:
    run_id = manifest.run_id
    return Result(
        symbol=manifest.symbol,
        timeframe=manifest.timeframe,
        start=finished.start,
        end=finished.end,
        bars=finished.bars,
        strategy=manifest.config.strategy,
        parameters=finished.parameters,
        chunks=manifest.chunks,
        replayed_bars=finished.replayed_bars,
        sequential_bars=finished.sequential_bars,
        metrics=results.defined(finished.metrics.as_dict()),
        no_trades=finished.no_trades,
        sessions=manifest.sessions,
        execution_arn=manifest.execution_arn,
        trades_uri=bucket.uri(layout.trades_key(run_id)),
        equity_uri=bucket.uri(layout.equity_key(run_id)),
        duration_seconds=(datetime.now(UTC) - manifest.created_at).total_seconds(),
        symbols=finished.symbols,
        runs_by_symbol_uri=bucket.uri(layout.runs_by_symbol_key(run_id)) if finished.symbols else "",
        equity_by_symbol_uri=bucket.uri(layout.equity_by_symbol_key(run_id)) if finished.symbols else "",
    )


def _publish_curves(runs: RunStore, run_id: str, finished: Finished) -> None:
    points = results.thin(finished.timestamp, finished.equity, CURVE_POINTS)
    market = results.thin(finished.timestamp, finished.benchmark, CURVE_POINTS)
    held = [dollars if isfinite(dollars) else None for _, dollars in market]
    pieces = [slice(at, at + POINTS_A_PIECE) for at in range(0, len(points), POINTS_A_PIECE)]
    for number, piece in enumerate(pieces, 1):
        partial = Partial(piece=number, pieces=len(pieces), equity=points[piece], buy_and_hold=held[piece])
        runs.publish(run_id, partial, once=f"partial {number}")
