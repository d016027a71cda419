"""Reduce: folds the chunks into the run's one result, stores it, and publishes it."""

from dataclasses import dataclass
from functools import cache

from functions import wiring
from functions.backtests.step import Event, step
from functions.settings import ReduceSettings
from tickfold.backtests.conclusion import conclude_run
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.quota import Quota
from tickfold.backtests.reduction import reduce_run
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.storage.bucket import Bucket
from tickfold.strategies import Registry
from tickfold.strategies.files import FOLDER


@dataclass(frozen=True)
class Dependencies:
    """What Reduce works with."""

    runs: RunLifecycle
    bucket: Bucket
    strategies: Registry


@cache
def dependencies() -> Dependencies:
    settings, dynamodb = ReduceSettings.read(), wiring.dynamodb()
    runs = RunLifecycle(dynamodb.Table(settings.runs_table), Quota(dynamodb.Table(settings.users_table)))
    return Dependencies(runs, Bucket(wiring.s3(), settings.bucket), Registry.discover(FOLDER))


def reduce(event: Event, given: Dependencies) -> Event:
    """Take run_id; return it and the run's status. A run that has ended is left as it is.

    Only a failed run is reopened: the workflow comes here again if its execution was redriven.
    """
    run_id = event["run_id"]
    given.runs.reopen(run_id)
    if (status := given.runs.status(run_id)) != "running":
        return {"run_id": run_id, "status": status}
    manifest = Manifest.get(given.bucket, run_id)
    given.runs.publish_all_done(run_id, manifest.chunks)
    finished = reduce_run(given.bucket, given.runs, given.strategies, manifest)
    conclude_run(given.bucket, given.runs, manifest, finished)
    return {"run_id": run_id, "status": given.runs.status(run_id)}


handler = step("reduce", reduce, dependencies)
