"""Listing runs: a user's runs, newest first, a summary each."""

import json
from dataclasses import dataclass

from tickfold.backtests.run import Run
from tickfold.backtests.run_store import RunStore
from tickfold.protocol import HEADLINE_METRICS, ListRuns, Runs, RunSummary, SweepConfig, parse_config
from tickfold.realtime.caller import Caller
from tickfold.realtime.message_size import fitting

_BYTES_BESIDE_RUNS = 1_000


@dataclass(frozen=True)
class RunLister:
    """Lists runs."""

    runs: RunStore

    def list_runs(self, caller: Caller, request: ListRuns) -> None:
        """Send the newest of the caller's runs, as many as were requested and fit into a message."""
        found, following = self.runs.of_user(caller.user.user_id, request.limit, request.before)
        summaries = fitting(map(summary, found), reserved=_BYTES_BESIDE_RUNS)
        if len(summaries) < len(found):
            following = found[len(summaries) - 1].created_at.isoformat()
        caller.reply(Runs(runs=summaries, next=following))


def summary(run: Run) -> RunSummary:
    """Return what a list shows of a run."""
    config = parse_config(json.loads(run.request))
    symbols = [allocation.symbol for allocation in config.allocations]
    result = json.loads(run.result) if run.result else {}
    metrics = result.get("metrics", {})
    return RunSummary(
        run_id=run.run_id,
        status=run.status,
        created_at=int(run.created_at.timestamp() * 1_000),
        stock=symbols[0] if len(symbols) == 1 else f"{symbols[0]} and {len(symbols) - 1} more",
        strategy=config.strategy,
        start_date=config.start_date,
        end_date=config.end_date,
        sweep=isinstance(config, SweepConfig),
        portfolio=run.portfolio,
        chunks_done=run.chunks_done,
        chunks=run.chunks,
        metrics={name: metrics[name] for name in HEADLINE_METRICS if name in metrics},
        no_trades=result.get("noTrades", {}).get("cause"),
    )
