"""Reduce: folds what the workers found into the run's one result, keeps it, and streams it to the client."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite

from functions import granted
from functions.step import Event, step
from tickfold.engine.backtest import Outcome, conclude
from tickfold.engine.bars import Bars, Floats, Ints
from tickfold.engine.benchmark import buy_and_hold
from tickfold.engine.fold import fold
from tickfold.engine.metrics import Metrics
from tickfold.engine.portfolio import Sleeve, combine
from tickfold.planning import account_of, orders_of
from tickfold.protocol import Partial, Result, SymbolResult, dump
from tickfold.storage import layout, results, speculations
from tickfold.storage.manifest import Manifest, PlannedSleeve
from tickfold.storage.results_by_symbol import ResultsBySymbol
from tickfold.storage.series import SeriesStore
from tickfold.strategies import Strategy, create

CURVE_POINTS = 5_000
POINTS_A_PIECE = 400
"""About 60 bytes a point: a piece stays under the 32 KB of a WebSocket frame."""


@dataclass(frozen=True, eq=False)
class Finished:
    """What a run came to: its curve and buy and hold's, its metrics, and what each symbol did where there is a list."""

    timestamp: Ints
    equity: Floats
    benchmark: Floats
    metrics: Metrics
    replayed_bars: int
    sequential_bars: int
    symbols: list[SymbolResult]


@step("reduce")
def handler(event: Event) -> Event:
    """Take run_id; return it and the run's status. A run that has its result already is left as it is."""
    run_id = event["run_id"]
    run = granted.runs().get(run_id)
    if run is not None and run.status == "succeeded":
        return {"run_id": run_id, "status": "succeeded"}
    s3, bucket = granted.s3(), granted.bucket()
    manifest = Manifest.get(s3, bucket, run_id)
    strategy = create(manifest.config.strategy, manifest.config.parameters)
    finished = _universe(manifest, strategy) if manifest.config.is_universe else _one_symbol(manifest, strategy)
    result = _result(manifest, finished, strategy.model_dump())
    results.put_run(s3, bucket, manifest, result)
    _stream_curves(run_id, finished)
    # In this order: a result that could not be sent is sent by the next attempt, at the price of sending it twice.
    granted.outbox().send(run_id, result)
    granted.runs().set(run_id, status="succeeded", result=dump(result))
    return {"run_id": run_id, "status": "succeeded"}


def _one_symbol(manifest: Manifest, strategy: Strategy) -> Finished:
    """Settle the run, and write its trades and curve."""
    bars, outcome, replayed_bars = _settle(manifest, manifest.sleeves[0], strategy)
    results.put_curves(granted.s3(), granted.bucket(), manifest, bars, outcome)
    return Finished(
        bars.timestamp,
        outcome.statement.equity,
        buy_and_hold(bars.close, manifest.config.start_capital, strategy.lookback),
        outcome.metrics,
        replayed_bars,
        outcome.statement.sequential_bars,
        [],
    )


def _universe(manifest: Manifest, strategy: Strategy) -> Finished:
    """Settle each symbol in turn, add them up, and write the trades and curves of all."""
    by_symbol = ResultsBySymbol()

    def sleeves() -> Iterator[Sleeve]:
        for planned in manifest.sleeves:
            bars, outcome, replayed_bars = _settle(manifest, planned, strategy)
            capital = account_of(manifest.config, planned.share).capital
            by_symbol.add(planned, capital, bars, outcome, replayed_bars)
            yield Sleeve(capital, bars, outcome.statement, strategy.lookback)

    portfolio = combine(sleeves(), manifest.uninvested)
    by_symbol.put(granted.s3(), granted.bucket(), manifest.run_id, portfolio)
    return Finished(
        portfolio.timestamp,
        portfolio.equity,
        portfolio.benchmark,
        portfolio.metrics,
        by_symbol.replayed_bars,
        by_symbol.sequential_bars,
        by_symbol.symbols,
    )


def _settle(manifest: Manifest, sleeve: PlannedSleeve, strategy: Strategy) -> tuple[Bars, Outcome, int]:
    """Return the sleeve's bars, what its account did, and how many bars the fold ran again."""
    s3, bucket = granted.s3(), granted.bucket()
    found = speculations.get_all(s3, bucket, manifest.run_id, sleeve.series.symbol, sleeve.chunks)
    bars = SeriesStore(s3, bucket).read(sleeve.series, sleeve.first, sleeve.first + sleeve.bars)
    orders = orders_of(manifest.config)
    folded = fold(found, bars, orders)
    outcome = conclude(folded.decisions, bars, strategy, account_of(manifest.config, sleeve.share), orders)
    return bars, outcome, folded.replayed_bars


def _result(manifest: Manifest, finished: Finished, parameters: dict[str, int | float]) -> Result:
    config, run_id, root = manifest.config, manifest.run_id, f"s3://{granted.bucket()}/"
    return Result(
        symbol=manifest.symbol,
        timeframe=manifest.timeframe,
        start=config.start_date,
        end=config.end_date,
        bars=manifest.bars,
        strategy=config.strategy,
        parameters=parameters,
        chunks=manifest.chunks,
        replayed_bars=finished.replayed_bars,
        sequential_bars=finished.sequential_bars,
        metrics=results.defined(finished.metrics.as_dict()),
        execution_arn=manifest.execution_arn,
        trades_uri=root + layout.trades_key(run_id),
        equity_uri=root + layout.equity_key(run_id),
        duration_seconds=(datetime.now(UTC) - manifest.created_at).total_seconds(),
        symbols=finished.symbols,
        runs_by_symbol_uri=root + layout.runs_by_symbol_key(run_id) if finished.symbols else "",
        equity_by_symbol_uri=root + layout.equity_by_symbol_key(run_id) if finished.symbols else "",
    )


def _stream_curves(run_id: str, finished: Finished) -> None:
    points = results.thin(finished.timestamp, finished.equity, CURVE_POINTS)
    market = results.thin(finished.timestamp, finished.benchmark, CURVE_POINTS)
    held = [dollars if isfinite(dollars) else None for _, dollars in market]
    pieces = [slice(at, at + POINTS_A_PIECE) for at in range(0, len(points), POINTS_A_PIECE)]
    for number, piece in enumerate(pieces, 1):
        partial = Partial(piece=number, pieces=len(pieces), equity=points[piece], buy_and_hold=held[piece])
        granted.outbox().send(run_id, partial)
