"""Reduce: folds what the workers found into the run's one result, keeps it, and streams it to the client."""

from collections.abc import Iterator

from functions import wiring
from functions.backtests.conclusion import Finished, conclude_run
from functions.backtests.reduce_sweep import reduce_sweep
from functions.backtests.step import Event, step
from tickfold.backtests import chunk_files, results
from tickfold.backtests.manifest import Manifest, PlannedSleeve
from tickfold.backtests.planning import account_of, orders_of
from tickfold.backtests.results_by_symbol import ResultsBySymbol
from tickfold.engine.backtest import Outcome, conclude
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.fold import fold
from tickfold.engine.performance.benchmark import buy_and_hold
from tickfold.engine.performance.portfolio import Sleeve, combine
from tickfold.market_data.bar_store import SeriesStore
from tickfold.protocol import BacktestConfig, SweepConfig
from tickfold.strategies import Strategy


@step("reduce")
def handler(event: Event) -> Event:
    """Take run_id; return it and the run's status. A run that has ended is left as it is.

    Only a run that has failed goes on: that the workflow comes here again means that its execution was redriven.
    """
    run_id = event["run_id"]
    runs = wiring.counted_runs()
    runs.reopen(run_id)
    if (status := runs.status(run_id)) != "running":
        return {"run_id": run_id, "status": status}
    manifest = Manifest.get(wiring.s3(), wiring.bucket(), run_id)
    runs.publish_all_done(run_id, manifest.chunks)
    match manifest.config:
        case SweepConfig() as config:
            finished = reduce_sweep(manifest, config)
        case BacktestConfig(is_universe=True) as config:
            finished = _universe(manifest, config)
        case BacktestConfig() as config:
            finished = _one_symbol(manifest, config)
    conclude_run(manifest, finished)
    return {"run_id": run_id, "status": runs.status(run_id)}


def _one_symbol(manifest: Manifest, config: BacktestConfig) -> Finished:
    """Settle the run, and write its trades and curve."""
    strategy = wiring.strategies().create(config.strategy, config.parameters)
    bars, outcome, replayed_bars = _settle(manifest, manifest.sleeves[0], strategy)
    results.put_curves(wiring.s3(), wiring.bucket(), manifest, bars, outcome)
    market = buy_and_hold(bars.close, config.start_capital, strategy.lookback)
    return Finished.of_one_symbol(
        bars,
        outcome,
        market,
        days=(config.start_date, config.end_date),
        parameters=strategy.model_dump(),
        replayed_bars=replayed_bars,
    )


def _universe(manifest: Manifest, config: BacktestConfig) -> Finished:
    """Settle each symbol in turn, add them up, and write the trades and curves of all."""
    strategy, by_symbol = wiring.strategies().create(config.strategy, config.parameters), ResultsBySymbol()

    def sleeves() -> Iterator[Sleeve]:
        for planned in manifest.sleeves:
            bars, outcome, replayed_bars = _settle(manifest, planned, strategy)
            capital = account_of(config, planned.share).capital
            by_symbol.add(planned, capital, bars, outcome, replayed_bars)
            yield Sleeve(capital, bars, outcome.statement, strategy.lookback)

    portfolio = combine(sleeves(), manifest.uninvested)
    by_symbol.put(wiring.s3(), wiring.bucket(), manifest.run_id, portfolio)
    return Finished(
        start=config.start_date,
        end=config.end_date,
        bars=manifest.bars,
        parameters=strategy.model_dump(),
        timestamp=portfolio.timestamp,
        equity=portfolio.equity,
        benchmark=portfolio.benchmark,
        metrics=portfolio.metrics,
        replayed_bars=by_symbol.replayed_bars,
        sequential_bars=by_symbol.sequential_bars,
        symbols=by_symbol.symbols,
    )


def _settle(manifest: Manifest, sleeve: PlannedSleeve, strategy: Strategy) -> tuple[Bars, Outcome, int]:
    """Return the sleeve's bars, what its account did, and how many bars the fold ran again."""
    s3, bucket = wiring.s3(), wiring.bucket()
    found = chunk_files.get_all(s3, bucket, manifest.run_id, sleeve.series.symbol, sleeve.chunks)
    bars = SeriesStore(s3, bucket).read(sleeve.series, sleeve.first, sleeve.first + sleeve.bars)
    orders = orders_of(manifest.config)
    folded = fold([file.of(0) for file in found], bars, orders)
    outcome = conclude(folded.decisions, bars, strategy, account_of(manifest.config, sleeve.share), orders)
    return bars, outcome, folded.replayed_bars
