"""Simulate: one worker simulates one chunk, with every set of parameters."""

from dataclasses import dataclass
from functools import cache, lru_cache

from functions import wiring
from functions.backtests.step import Event, step
from functions.settings import SimulateSettings
from tickfold.backtests.chunk_files import ChunkFiles
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.run_store import RunStore
from tickfold.backtests.simulation import simulate_chunk
from tickfold.storage.bucket import Bucket
from tickfold.strategies import Registry
from tickfold.strategies.files import FOLDER


@dataclass(frozen=True)
class Dependencies:
    """What Simulate works with."""

    runs: RunStore
    bucket: Bucket
    strategies: Registry


@cache
def dependencies() -> Dependencies:
    settings = SimulateSettings.read()
    runs = RunStore(wiring.dynamodb().Table(settings.runs_table))
    return Dependencies(runs, Bucket(wiring.s3(), settings.bucket), Registry.discover(FOLDER))


def simulate(event: Event, given: Dependencies) -> Event:
    """Take run_id, symbol and the chunk's number; return nothing, since a map's results share one payload limit."""
    run_id, symbol, number = event["run_id"], event["symbol"], event["chunk"]
    manifest = _manifest(given.bucket, run_id)
    speculations = simulate_chunk(given.bucket, given.strategies, manifest, symbol, number)
    if ChunkFiles(given.bucket, run_id).put(symbol, number, speculations):
        given.runs.publish_progress(run_id, given.runs.chunk_done(run_id), manifest.chunks)
    return {}


@lru_cache(maxsize=1)
def _manifest(bucket: Bucket, run_id: str) -> Manifest:
    """Read a manifest once for the chunks of a run that a warm worker simulates one after the other.

    One only: that of a hundred symbols with many sessions has some hundred megabytes.
    """
    return Manifest.get(bucket, run_id)


def _part(event: Event) -> str:
    return f"chunk {event['chunk']} of {event['symbol']}: "


handler = step("simulate", simulate, dependencies, part=_part)
