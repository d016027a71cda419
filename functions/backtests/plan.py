"""Plan: waits for room, pins the bars of a run, cuts them into chunks, and writes the manifest for the workers."""

from dataclasses import dataclass
from functools import cache

from functions import wiring
from functions.backtests.step import Event, step
from functions.settings import PlanSettings
from tickfold.backtests.admission import Admission
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.planning import plan_sleeves, strategies_of
from tickfold.backtests.quota import Quota
from tickfold.backtests.reduction_memory import check_memory
from tickfold.backtests.run_store import RunStore
from tickfold.market_data.series_catalog import SeriesCatalog
from tickfold.protocol import Planned, parse_config
from tickfold.storage.bucket import Bucket
from tickfold.strategies import Registry
from tickfold.strategies.files import FOLDER


@dataclass(frozen=True)
class Dependencies:
    """What Plan works with; `workers` can run at once, and the reducer has `reduce_memory` MB."""

    runs: RunStore
    admission: Admission
    bucket: Bucket
    strategies: Registry
    workers: int
    reduce_memory: int


@cache
def dependencies() -> Dependencies:
    settings, dynamodb = PlanSettings.read(), wiring.dynamodb()
    table, quota = dynamodb.Table(settings.runs_table), Quota(dynamodb.Table(settings.users_table))
    return Dependencies(
        runs=RunStore(table),
        admission=Admission(table, quota, settings.active_limit),
        bucket=Bucket(wiring.s3(), settings.bucket),
        strategies=Registry.discover(FOLDER),
        workers=settings.workers,
        reduce_memory=settings.reduce_memory,
    )


def plan(event: Event, given: Dependencies) -> Event:
    """Take run_id, request, execution_arn and started_at; return run_id, items_key and chunks.

    Raises:
        AtCapacityError: as many runs as can run at once are running.
        RunError: the request cannot be carried out with the bars that there are now.
    """
    run_id, config = event["run_id"], parse_config(event["request"])
    given.admission.admit(run_id)
    symbols = [allocation.symbol for allocation in config.allocations]
    found = SeriesCatalog(given.bucket.s3, given.bucket.name).get_all(symbols, config.timeframe or "")
    manifest = Manifest(
        run_id=run_id,
        created_at=event["started_at"],
        execution_arn=event["execution_arn"],
        config=config,
        sleeves=plan_sleeves(config, found, given.workers, given.strategies),
    )
    sets = len(strategies_of(config, given.strategies))
    # Again: bars may have been loaded since the run was started.
    bars = [sleeve.bars for sleeve in manifest.sleeves]
    check_memory(config, bars, given.reduce_memory, sets=sets)
    items_key = manifest.put(given.bucket)
    given.runs.set(run_id, bars=manifest.bars, chunks=manifest.chunks)
    planned = Planned(
        symbol=manifest.symbol,
        timeframe=manifest.timeframe,
        bars=manifest.bars,
        chunks=manifest.chunks,
        combinations=sets,
    )
    given.runs.publish(run_id, planned, once="planned")
    return {"run_id": run_id, "items_key": items_key, "chunks": manifest.chunks}


handler = step("plan", plan, dependencies)
