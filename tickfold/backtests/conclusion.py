"""The conclusion of a run: its result is stored, and published."""

from tickfold.backtests import results
from tickfold.backtests.finished import Finished, result_of
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.storage.bucket import Bucket


def conclude_run(bucket: Bucket, runs: RunLifecycle, manifest: Manifest, finished: Finished) -> None:
    """Store and publish the result of a run. A run that was cancelled meanwhile is left as it is."""
    if runs.status(manifest.run_id) != "running":
        return
    result = result_of(manifest, finished, bucket.uri)
    results.put_run(bucket, manifest, result)
    runs.end(manifest.run_id, result)
