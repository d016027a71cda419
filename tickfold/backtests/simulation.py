"""The simulation of a chunk, which is assumed to begin without a position; the fold finds out whether it did."""

from tickfold.backtests.manifest import Manifest
from tickfold.backtests.planning import orders_of, strategies_of
from tickfold.backtests.sleeve_bars import read_bars
from tickfold.engine.decisions.chunk import Speculation
from tickfold.engine.sweep import simulate_all
from tickfold.storage.bucket import Bucket
from tickfold.strategies import Registry
from tickfold.strategies.evaluation import evaluate, lookback_of


def simulate_chunk(
    bucket: Bucket, registry: Registry, manifest: Manifest, symbol: str, number: int
) -> list[Speculation]:
    """Return the speculation of chunk `number` of a symbol, for each set of parameters.

    Raises:
        StrategyFailedError: the strategy raised an exception, returned what are no signals, or did not end in time.
    """
    sleeve, config = manifest.sleeve(symbol), manifest.config
    chunk, strategies = sleeve.chunks[number], strategies_of(config, registry)
    warm_up = chunk.warm_up(lookback_of(strategies))
    bars = read_bars(bucket, sleeve, chunk.start - warm_up, chunk.stop)
    return simulate_all(bars, chunk, warm_up, evaluate(strategies, bars), orders_of(config))
