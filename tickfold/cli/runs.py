"""`tickfold runs`: the user's runs, newest first."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from tickfold.cli.console import note
from tickfold.cli.follow import client_of
from tickfold.cli.rows import AsCsv, AsJson, Value, check_formats, write_rows
from tickfold.cli.target import StackOutputs, Target, find_target
from tickfold.cli.times import to_minute
from tickfold.protocol.metrics import format_metric

if TYPE_CHECKING:
    from tickfold.protocol import RunSummary

COLUMNS = ("run_id", "status", "progress", "stock", "strategy", "started", "total_return", "sharpe", "no_trades")
METRICS = ("total_return", "sharpe")
_PAGE = 50


def runs(
    limit: Annotated[int, typer.Option(min=1, help="Runs to list, at most.", metavar="COUNT")] = 20,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """List your runs, newest first: id, status, chunks done, stock, strategy, start (UTC), total return, Sharpe,
    and why a run has no trades.

    Example: tickfold runs --limit 5
    """
    check_formats(as_csv, as_json)
    import asyncio  # noqa: PLC0415 - slow to load, and help needs none

    found = asyncio.run(_list(find_target(stack_outputs), limit))
    shown = {name: partial(_figure, name) for name in METRICS}
    write_rows(COLUMNS, map(_row, found), as_csv, as_json, shown=shown, folds=False)
    if not found:
        note("there are no runs yet: see `tickfold run`")


async def _list(target: Target, limit: int) -> "list[RunSummary]":
    async with client_of(target) as client:
        page = await client.list_runs(min(limit, _PAGE))
        found = page.runs
        while page.next and len(found) < limit:
            page = await client.list_runs(min(limit - len(found), _PAGE), page.next)
            found = found + page.runs
    return found


def _row(run: "RunSummary") -> list[Value]:
    progress = f"{run.chunks_done}/{run.chunks}" if run.chunks else None
    started = to_minute(run.created_at)
    figures = (run.metrics.get(name) for name in METRICS)
    return [run.run_id, run.status, progress, run.stock, run.strategy, started, *figures, run.no_trades]


def _figure(name: str, value: Value) -> str:
    return format_metric(name, value if isinstance(value, int | float) else None)
