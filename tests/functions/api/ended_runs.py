"""Runs that have ended well, with their files in the lake."""

from tests.backtests.lake import config, load, walk
from tests.backtests.records import NOW, begin
from tickfold.backtests.chunk_files import ChunkFiles
from tickfold.backtests.conclusion import conclude_run
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.planning import plan_sleeves
from tickfold.backtests.reduction import Reduction
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.backtests.simulation import simulate_chunk
from tickfold.protocol import dump
from tickfold.storage.bucket import Bucket
from tickfold.strategies import BUILT_IN

BARS = 487
"""Bars of the run: 2000-03-01 to 2001-06-30."""


def ended_run(
    bucket: Bucket, runs: RunLifecycle, *symbols: str, user: str = "ada", portfolio: str | None = None
) -> None:
    """Let the run `r1` of some random walks start and end well."""
    asked = config([*symbols] if len(symbols) > 1 else symbols[0], chunks=2)
    begin(runs, user=user, portfolio=portfolio)
    runs.set("r1", request=dump(asked))
    found = [load(bucket, symbol, walk(seed)) for seed, symbol in enumerate(symbols, start=1)]
    manifest = Manifest(
        run_id="r1",
        created_at=NOW,
        execution_arn="arn",
        config=asked,
        sleeves=plan_sleeves(asked, found, 4, BUILT_IN),
    )
    for sleeve in manifest.sleeves:
        for number in range(len(sleeve.chunks)):
            speculations = simulate_chunk(bucket, BUILT_IN, manifest, sleeve.series.symbol, number)
            assert ChunkFiles(bucket, "r1").put(sleeve.series.symbol, number, speculations)
    finished = Reduction(bucket, runs, BUILT_IN, manifest, 1_000_000).finish()
    assert finished is not None
    conclude_run(bucket, runs, manifest, finished)
