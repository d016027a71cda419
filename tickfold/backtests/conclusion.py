"""The conclusion of a run: its result is stored, and published."""

from math import isfinite

from tickfold.backtests import results
from tickfold.backtests.finished import Finished, result_of
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.backtests.run_store import RunStore
from tickfold.protocol import Partial
from tickfold.storage.bucket import Bucket

CURVE_POINTS = 5_000
POINTS_A_PIECE = 400
"""About 60 bytes a point: a piece stays under the 32 KB of a WebSocket frame."""


def conclude_run(bucket: Bucket, runs: RunLifecycle, manifest: Manifest, finished: Finished) -> None:
    """Store and publish the result of a run. A run that was cancelled meanwhile is left as it is."""
    if runs.status(manifest.run_id) != "running":
        return
    result = result_of(manifest, finished, bucket.uri)
    results.put_run(bucket, manifest, result)
    _publish_curves(runs, manifest.run_id, finished)
    runs.end(manifest.run_id, result)


def _publish_curves(runs: RunStore, run_id: str, finished: Finished) -> None:
    points = results.thin(finished.timestamp, finished.equity, CURVE_POINTS)
    market = results.thin(finished.timestamp, finished.benchmark, CURVE_POINTS)
    held = [dollars if isfinite(dollars) else None for _, dollars in market]
    pieces = [slice(at, at + POINTS_A_PIECE) for at in range(0, len(points), POINTS_A_PIECE)]
    for number, piece in enumerate(pieces, 1):
        partial = Partial(piece=number, pieces=len(pieces), equity=points[piece], buy_and_hold=held[piece])
        runs.publish(run_id, partial, once=f"partial {number}")
