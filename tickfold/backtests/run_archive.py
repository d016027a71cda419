"""The archive of runs: a finished run, read from the table of runs and from its files in S3."""

import json

from botocore.exceptions import ClientError

from tickfold.backtests.recorded_run import RecordedRun, decode_run
from tickfold.backtests.run_store import RunStore
from tickfold.errors import RunError
from tickfold.protocol import Result, SweepConfig, parse_config
from tickfold.storage import layout
from tickfold.storage.bucket import Bucket, is_not_found

_LIST = '`tickfold query "SELECT run_id FROM runs"`'


def read_run(runs: RunStore, bucket: Bucket, run_id: str) -> RecordedRun:
    """Read the finished run `run_id`.

    Raises:
        RunError: there is no such run, it has failed or is still going, or its files are gone.
    """
    run = runs.get(run_id) if run_id else None
    if run is None:
        raise RunError(f"there is no run {run_id!r}; {_LIST} lists those that have ended well")
    if run.status == "failed":
        why = f" in {run.failure.stage}: {run.failure.reason}" if run.failure else ""
        raise RunError(f"run {run_id} has no result: it failed{why}")
    if run.status == "cancelled":
        raise RunError(f"run {run_id} has no result: it was cancelled")
    if run.result is None:
        raise RunError(f"run {run_id} has no result yet: it is still going")
    result = Result.model_validate_json(run.result)
    config = parse_config(json.loads(run.request))
    if isinstance(config, SweepConfig):  # which ends with one run in full
        config = config.run_with(result.parameters)
    return decode_run(
        config,
        run.created_at,
        result.model_copy(update={"run_id": run_id}),
        equity=[_get(bucket, layout.equity_key(run_id, part)) for part in range(result.parts)],
        trades=[_get(bucket, layout.trades_key(run_id, part)) for part in range(result.parts)],
        by_symbol=[_get(bucket, layout.equity_by_symbol_key(run_id, part)) for part in range(result.parts)]
        if config.is_universe
        else [],
    )


def _get(bucket: Bucket, key: str) -> bytes:
    try:
        return bucket.get(key)
    except ClientError as error:
        if is_not_found(error):
            raise RunError(f"the run has ended, but its file {bucket.uri(key)} is gone; make the run again") from None
        raise
