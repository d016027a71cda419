"""Reduce: folds the chunks into the run's one result, those that are finished while others are simulated."""

from dataclasses import dataclass
from functools import cache

from functions import wiring
from functions.backtests.step import Event, step
from functions.settings import ReduceSettings
from tickfold.backtests.conclusion import conclude_run
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.quota import Quota
from tickfold.backtests.reduction import Reduction
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
    """Take run_id, and whether to fold only what is `finished` so far; return run_id, and whether there is more to do.

    A run that has ended is left as it is. Only a failed one is reopened, once all of its chunks are finished: the
    workflow comes here again if its execution was redriven.
    """
    run_id = event["run_id"]
    if not event["finished"]:
        given.runs.reopen(run_id)
    if given.runs.status(run_id) != "running":
        return {"run_id": run_id, "more": False}
    manifest = Manifest.get(given.bucket, run_id)
    reduction = Reduction(given.bucket, given.runs, given.strategies, manifest)
    if event["finished"]:
        with given.runs.only_one_folds(run_id) as alone:
            return {"run_id": run_id, "more": not (alone and reduction.fold_finished())}
    finished = reduction.finish()
    if finished is not None:
        conclude_run(given.bucket, given.runs, manifest, finished)
    return {"run_id": run_id, "more": finished is None}


handler = step("reduce", reduce, dependencies)
