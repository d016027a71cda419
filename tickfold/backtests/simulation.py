"""The simulation of a chunk, which is assumed to begin without a position; the fold finds out whether it did."""

from tickfold.backtests.manifest import Manifest
from tickfold.backtests.planning import lookback_of, orders_of, strategies_of
from tickfold.engine.decisions.chunk import Speculation
from tickfold.engine.sweep import simulate_all
from tickfold.errors import StrategyFailedError
from tickfold.market_data.bar_store import BarStore
from tickfold.storage.bucket import Bucket
from tickfold.strategies import Registry


def simulate_chunk(
    bucket: Bucket, registry: Registry, manifest: Manifest, symbol: str, number: int
) -> list[Speculation]:
    """Return the speculation of chunk `number` of a symbol, for each set of parameters.

    Raises:
        StrategyFailedError: the strategy raised an exception, or returned what are no signals.
        MemoryError: it or the engine ran out of memory, which another worker may not.
    """
    sleeve, config = manifest.sleeve(symbol), manifest.config
    chunk, strategies = sleeve.chunks[number], strategies_of(config, registry)
    warm_up = chunk.warm_up(lookback_of(strategies))
    start = sleeve.first + chunk.start - warm_up
    bars = BarStore(bucket.s3, bucket.name).read(sleeve.series, start, sleeve.first + chunk.stop)
    signals = type(strategies[0]).signals_of_all(strategies, bars)
    try:
        return simulate_all(bars, chunk, warm_up, signals, orders_of(config))
    except MemoryError:
        raise
    except Exception as error:
        # Signals are computed as they are consumed, and the engine itself raises for faulty signals only.
        reason = f"strategy {strategies[0].name} failed: {type(error).__name__}: {error}"
        raise StrategyFailedError(reason) from error
