"""Reduce: folds what the workers found into the run's one result, keeps it, and streams it to the client."""

from datetime import UTC, datetime
from math import isfinite

from functions import granted
from functions.step import Event, step
from tickfold.engine.backtest import Outcome, conclude
from tickfold.engine.bars import Bars, Floats
from tickfold.engine.benchmark import buy_and_hold
from tickfold.engine.fold import fold
from tickfold.planning import account_of, orders_of
from tickfold.protocol import Partial, Result, dump
from tickfold.storage import layout, results, speculations
from tickfold.storage.manifest import Manifest
from tickfold.storage.series import SeriesStore
from tickfold.strategies import create

CURVE_POINTS = 5_000
POINTS_A_PIECE = 400
"""About 60 bytes a point: a piece stays under the 32 KB of a WebSocket frame."""


@step("reduce")
def handler(event: Event) -> Event:
    """Take run_id; return it and the run's status. A run that has its result already is left as it is."""
    run_id = event["run_id"]
    run = granted.runs().get(run_id)
    if run is not None and run.status == "succeeded":
        return {"run_id": run_id, "status": "succeeded"}
    s3, bucket = granted.s3(), granted.bucket()
    manifest = Manifest.get(s3, bucket, run_id)
    bars = SeriesStore(s3, bucket).read(manifest.series, manifest.first, manifest.first + manifest.bars)
    config, orders = manifest.config, orders_of(manifest.config)
    folded = fold(speculations.get_all(s3, bucket, run_id, manifest.chunks), bars, orders)
    strategy = create(config.strategy, config.parameters)
    outcome = conclude(folded.decisions, bars, strategy, account_of(config), orders)
    results.put_curves(s3, bucket, manifest, bars, outcome)
    result = _result(manifest, outcome, strategy.model_dump(), folded.replayed_bars)
    results.put_run(s3, bucket, manifest, result)
    _stream_curves(run_id, bars, outcome, buy_and_hold(bars.close, manifest.config.start_capital, strategy.lookback))
    # In this order: a result that could not be sent is sent by the next attempt, at the price of sending it twice.
    granted.outbox().send(run_id, result)
    granted.runs().set(run_id, status="succeeded", result=dump(result))
    return {"run_id": run_id, "status": "succeeded"}


def _result(manifest: Manifest, outcome: Outcome, parameters: dict[str, int | float], replayed_bars: int) -> Result:
    config, root = manifest.config, f"s3://{granted.bucket()}/"
    return Result(
        symbol=manifest.series.symbol,
        timeframe=manifest.series.timeframe,
        start=config.start_date,
        end=config.end_date,
        bars=manifest.bars,
        strategy=config.strategy,
        parameters=parameters,
        chunks=len(manifest.chunks),
        replayed_bars=replayed_bars,
        sequential_bars=outcome.statement.sequential_bars,
        metrics=results.defined(outcome.metrics.as_dict()),
        execution_arn=manifest.execution_arn,
        trades_uri=root + layout.trades_key(manifest.run_id),
        equity_uri=root + layout.equity_key(manifest.run_id),
        duration_seconds=(datetime.now(UTC) - manifest.created_at).total_seconds(),
    )


def _stream_curves(run_id: str, bars: Bars, outcome: Outcome, benchmark: Floats) -> None:
    points = results.thin(bars, outcome.statement.equity, CURVE_POINTS)
    held = [dollars if isfinite(dollars) else None for _, dollars in results.thin(bars, benchmark, CURVE_POINTS)]
    pieces = [slice(at, at + POINTS_A_PIECE) for at in range(0, len(points), POINTS_A_PIECE)]
    for number, piece in enumerate(pieces, 1):
        partial = Partial(piece=number, pieces=len(pieces), equity=points[piece], buy_and_hold=held[piece])
        granted.outbox().send(run_id, partial)
