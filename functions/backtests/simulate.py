"""Simulate: one worker, one chunk, with every set of parameters that is asked for.

It assumes that the chunk begins flat; the fold finds out whether it did.
"""

from functools import lru_cache

from functions import wiring
from functions.backtests.step import Event, step
from tickfold.backtests import chunk_files
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.planning import lookback_of, orders_of, strategies_of
from tickfold.engine.sweep import simulate_all
from tickfold.errors import RunError
from tickfold.market_data.bar_store import SeriesStore
from tickfold.storage import layout


def _part(event: Event) -> str:
    return f"chunk {event['chunk']} of {event['symbol']}: "


@step("simulate", part=_part)
def handler(event: Event) -> Event:
    """Take run_id, symbol and the chunk's number; return nothing, since a map's results are gathered in one place."""
    run_id, symbol, number = event["run_id"], event["symbol"], event["chunk"]
    manifest = _manifest(run_id)
    sleeve, config = manifest.sleeve(symbol), manifest.config
    chunk = sleeve.chunks[number]
    strategies = strategies_of(config, wiring.strategies())
    warm_up = chunk.warm_up(lookback_of(strategies))
    start = sleeve.first + chunk.start - warm_up
    bars = SeriesStore(wiring.s3(), wiring.bucket()).read(sleeve.series, start, sleeve.first + chunk.stop)
    signals = type(strategies[0]).signals_of_all(strategies, bars)
    try:
        found = simulate_all(bars, chunk, warm_up, signals, orders_of(config))
    except Exception as error:  # the strategy may be the user's own, and then its error is for the user to read
        raise RunError(f"strategy {strategies[0].name} failed: {type(error).__name__}: {error}") from error
    if chunk_files.put(wiring.s3(), wiring.bucket(), layout.chunk_key(run_id, symbol, number), found):
        runs = wiring.runs()
        runs.publish_progress(runs.chunk_done(run_id))
    return {}


@lru_cache(maxsize=4)
def _manifest(run_id: str) -> Manifest:
    return Manifest.get(wiring.s3(), wiring.bucket(), run_id)
