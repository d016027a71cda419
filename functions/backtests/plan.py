"""Plan: pins the bars of a run, cuts them into chunks, and writes the manifest that the workers follow."""

from functions import settings, wiring
from functions.backtests.step import Event, step
from tickfold.backtests.manifest import Manifest, PlannedSleeve
from tickfold.backtests.planning import check, chunks_of, strategies_of
from tickfold.market_data.series import SeriesCatalog
from tickfold.protocol import Planned, parse_config


@step("plan")
def handler(event: Event) -> Event:
    """Take run_id, request, execution_arn and started_at; return run_id, items_key and chunks."""
    run_id = event["run_id"]
    config = parse_config(event["request"])
    symbols = [allocation.symbol for allocation in config.allocations]
    found = SeriesCatalog(wiring.s3(), wiring.bucket()).get_all(symbols, config.timeframe or "")
    registry = wiring.strategies()
    ranges = check(config, found, registry)
    cuts = chunks_of(config, ranges, int(settings.require(settings.WORKERS)), registry)
    manifest = Manifest(
        run_id=run_id,
        created_at=event["started_at"],
        execution_arn=event["execution_arn"],
        config=config,
        sleeves=[
            PlannedSleeve(
                series=wanted.series,
                share=allocation.share,
                first=wanted.first,
                edges=[0, *(chunk.stop for chunk in chunks)],
            )
            for allocation, wanted, chunks in zip(config.allocations, ranges, cuts, strict=True)
        ],
    )
    items_key = manifest.put(wiring.s3(), wiring.bucket())
    wiring.runs().set(run_id, bars=manifest.bars, chunks=manifest.chunks)
    planned = Planned(
        symbol=manifest.symbol,
        timeframe=manifest.timeframe,
        bars=manifest.bars,
        chunks=manifest.chunks,
        combinations=len(strategies_of(config, registry)),
    )
    wiring.runs().publish(run_id, planned, once="planned")
    return {"run_id": run_id, "items_key": items_key, "chunks": manifest.chunks}
