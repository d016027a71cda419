"""Plan: pins the bars of a run, cuts them into chunks, and writes the manifest that the workers follow."""

from functions import granted
from functions.step import Event, step
from tickfold import environment
from tickfold.planning import check, chunks_of
from tickfold.protocol import BacktestConfig, Planned
from tickfold.storage.catalog import SeriesCatalog
from tickfold.storage.manifest import Manifest


@step("plan")
def handler(event: Event) -> Event:
    """Take run_id, request, execution_arn and started_at; return run_id, items_key and chunks."""
    run_id = event["run_id"]
    config = BacktestConfig.model_validate(event["request"])
    series = SeriesCatalog(granted.s3(), granted.bucket()).get(config.stock, config.timeframe or "")
    request = check(config, series)
    chunks = chunks_of(config, request, int(environment.require(environment.WORKERS)))
    manifest = Manifest(
        run_id=run_id,
        created_at=event["started_at"],
        execution_arn=event["execution_arn"],
        config=config,
        series=series,
        first=request.first,
        edges=[0, *(chunk.stop for chunk in chunks)],
    )
    items_key = manifest.put(granted.s3(), granted.bucket())
    granted.runs().set(run_id, execution_arn=manifest.execution_arn, bars=manifest.bars, chunks=len(chunks))
    planned = Planned(symbol=series.symbol, timeframe=series.timeframe, bars=manifest.bars, chunks=len(chunks))
    granted.outbox().send(run_id, planned)
    return {"run_id": run_id, "items_key": items_key, "chunks": len(chunks)}
