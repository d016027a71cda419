"""The reduction of a run: the chunk files of all symbols become one outcome, and the run's files."""

from collections.abc import Iterator
from typing import assert_never

from tickfold.backtests import results
from tickfold.backtests.finished import Finished
from tickfold.backtests.grid import expand
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.results_by_symbol import ResultsBySymbol
from tickfold.backtests.run_store import RunStore
from tickfold.backtests.settlement import settle
from tickfold.backtests.sweep_reduction import reduce_sweep
from tickfold.engine.performance.benchmark import buy_and_hold
from tickfold.engine.performance.portfolio import Sleeve, combine
from tickfold.protocol import BacktestConfig, SweepConfig
from tickfold.storage.bucket import Bucket
from tickfold.strategies import Registry, Strategy


def reduce_run(bucket: Bucket, runs: RunStore, registry: Registry, manifest: Manifest) -> Finished:
    """Fold a run of any kind, write its trades and curves, and return its outcome."""
    match manifest.config:
        case SweepConfig() as config:
            return reduce_sweep(bucket, runs, manifest, config, expand(config, registry))
        case BacktestConfig(is_universe=True) as config:
            return _reduce_universe(bucket, manifest, registry.create(config.strategy, config.parameters))
        case BacktestConfig() as config:
            return _reduce_one_symbol(bucket, manifest, config, registry.create(config.strategy, config.parameters))
        case _:
            assert_never(manifest.config)


def _reduce_one_symbol(bucket: Bucket, manifest: Manifest, config: BacktestConfig, strategy: Strategy) -> Finished:
    settled = settle(bucket, manifest, manifest.sleeves[0], strategy)
    results.put_curves(bucket, manifest, settled.bars, settled.outcome)
    return Finished.of_one_symbol(
        settled.bars,
        settled.outcome,
        buy_and_hold(settled.bars.close, config.start_capital),
        days=(config.start_date, config.end_date),
        parameters=strategy.model_dump(),
        replayed_bars=settled.replayed_bars,
    )


def _reduce_universe(bucket: Bucket, manifest: Manifest, strategy: Strategy) -> Finished:
    """Settle the symbols one by one, so that only one symbol's bars are in memory, and combine them."""
    by_symbol = ResultsBySymbol()

    def sleeves() -> Iterator[Sleeve]:
        for planned in manifest.sleeves:
            settled = settle(bucket, manifest, planned, strategy)
            by_symbol.add(planned, settled.bars, settled.outcome, settled.replayed_bars)
            yield Sleeve(settled.bars, settled.outcome.statement)

    portfolio = combine(sleeves(), manifest.uninvested)
    by_symbol.put(bucket, manifest.run_id, portfolio)
    return Finished.of_several(manifest, by_symbol, portfolio, strategy.model_dump())
