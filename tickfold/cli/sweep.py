"""`tickfold sweep`: many sets of parameters at once, ranked, or chosen window by window in a walk-forward."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from tickfold.cli import failure
from tickfold.cli.console import note, stdout
from tickfold.cli.download import prepare_directory, save
from tickfold.cli.grid import values, window
from tickfold.cli.options import BARS, STRATEGY, config_of, distinct, known_by_name, takes_terms, terms, with_range
from tickfold.cli.progress import ProgressView
from tickfold.cli.run import document
from tickfold.cli.summary import write_summary
from tickfold.cli.sweep_tables import write_sweep, write_walk_forward
from tickfold.cli.target import StackOutputs, Target, find_target
from tickfold.client import Patience, run_sweep
from tickfold.protocol import Result, Sweep, SweepConfig, WalkForward

SWEEP = "Sweep"
MOST_SHOWN = 50


@takes_terms
def sweep(
    *,
    symbol: Annotated[
        str, typer.Option(help="As it was loaded: see `tickfold data list`.", rich_help_panel=BARS, metavar="SYMBOL")
    ],
    strategy: Annotated[
        str,
        typer.Option(
            callback=known_by_name,
            help="Name of the strategy: Tickfold's, or your own in strategies/.",
            rich_help_panel=STRATEGY,
            metavar="NAME",
        ),
    ],
    param: Annotated[
        list[Any] | None,
        typer.Option(
            parser=values,
            callback=distinct,
            metavar="NAME=VALUES",
            help="A parameter's values: fast=10, fast=10,20,50 or fast=5:50:5 (from:to:step); may be repeated.",
            rich_help_panel=SWEEP,
        ),
    ] = None,
    rank: Annotated[
        str, typer.Option(help="The metric that says which is best.", rich_help_panel=SWEEP, metavar="METRIC")
    ] = "sharpe",
    walk_forward: Annotated[
        Any,
        typer.Option(
            parser=window,
            help="Choose on so many bars, trade on so many after them, and so on: 500:100.",
            rich_help_panel=SWEEP,
            metavar="BARS:BARS",
        ),
    ] = None,
    top: Annotated[
        int, typer.Option(min=1, max=MOST_SHOWN, help="Rows of the ranking to show.", rich_help_panel=SWEEP)
    ] = 10,
    timeout: Annotated[
        float, typer.Option(min=1, help="How long to wait. The sweep itself goes on after that.", metavar="SECONDS")
    ] = Patience.run,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON document instead of the tables.")] = False,
    save_to: Annotated[
        Path | None,
        typer.Option(
            "--save",
            metavar="DIR",
            file_okay=False,
            help="Also write the table and the best run's trades.parquet and equity.parquet into DIR.",
        ),
    ] = None,
    stack_outputs: StackOutputs = None,
    **options: Any,
) -> None:
    """Run many sets of parameters in the stack, and show their ranking and the best run.

    Example: tickfold sweep --symbol AAPL --strategy sma_cross --param fast=5:50:5 --param slow=20,50,100
    """
    view = ProgressView()
    wanted = terms(**options) | {
        "stock": symbol,
        "strategy": strategy,
        "parameters": dict(param or []),
        "rankBy": rank,
        "walkForward": walk_forward,
    }
    try:
        table, result = _sweep(find_target(stack_outputs), wanted, view, timeout, save_to)
    except KeyboardInterrupt:
        note(f"no longer followed; run {view.run_id} goes on in the stack" if view.run_id else "interrupted")
        raise
    except Exception as error:
        if not as_json:
            raise
        failure.report(error)
        typer.echo(json.dumps({"run_id": view.run_id, "status": "failed", "error": failure.explain(error)}, indent=2))
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(sweep_document(table, result), indent=2))
        return
    if isinstance(table, Sweep):
        write_sweep(stdout(), table, top)
    else:
        write_walk_forward(stdout(), table)
    write_summary(stdout(), result, view.curves)


def _sweep(
    target: Target, wanted: dict[str, Any], view: ProgressView, timeout: float, directory: Path | None
) -> tuple[Sweep | WalkForward, Result]:
    url, token = target.output("websocket_url"), target.token()
    config = config_of(SweepConfig, with_range(target, wanted))
    if directory is not None:
        prepare_directory(directory)
    with view:
        table, result = run_sweep(url, config, view.show, replace(Patience(), run=timeout), token)
    if directory is not None:
        for path in save(target.s3(), result, directory, table.table_uri):
            note(f"saved {path}")
    return table, result


def sweep_document(table: Sweep | WalkForward, result: Result) -> dict[str, Any]:
    """Return a sweep's outcome as `--json` writes it: the table's head, and the result of the run that it ends with."""
    found = table.model_dump(mode="json", exclude={"version", "run_id", "sequence", "type"})
    return {"run_id": result.run_id, "status": "succeeded"} | found | {"result": document(result)}
