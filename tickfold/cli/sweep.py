"""`tickfold sweep`: run many sets of parameters, and rank them or walk forward."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tickfold.cli.config_options import ConfigOptions
from tickfold.cli.console import note
from tickfold.cli.date_range import with_range
from tickfold.cli.download import prepare_directory, save
from tickfold.cli.follow import Detach, failure_as_json, follow, start
from tickfold.cli.next_steps import suggest, suggest_after_run, with_stack
from tickfold.cli.outcome import TOP, write_outcome
from tickfold.cli.progress import ProgressView
from tickfold.cli.target import StackOutputs, Target, find_target
from tickfold.client import Patience
from tickfold.errors import RunError
from tickfold.protocol import SweepConfig

SWEEP = ConfigOptions(SweepConfig, required=("strategy",))
MOST_SHOWN = 50


@SWEEP.on
def sweep(
    *,
    top: Annotated[
        int, typer.Option(min=1, max=MOST_SHOWN, help="Rows of the ranking to show.", rich_help_panel="Sweep")
    ] = TOP,
    timeout: Annotated[
        float, typer.Option(min=1, help="How long to wait. The sweep itself continues after that.", metavar="SECONDS")
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
    detach: Detach = False,
    stack_outputs: StackOutputs = None,
    **options: Any,
) -> None:
    """Run many sets of parameters in the stack, and show their ranking and the best run.

    Example: tickfold sweep --symbol AAPL --strategy sma_cross --param fast=5:50:5 --param slow=20,50,100
    """
    if detach and save_to:
        raise typer.BadParameter("--detach does not wait for what --save writes; leave out one of them")
    view = ProgressView()
    request = SWEEP.request(options)
    with failure_as_json(as_json, view):
        target = find_target(stack_outputs)
        config = _config(target, request, save_to)
        if detach:
            start(target, lambda client: client.start_sweep(config), view, as_json=as_json)
            if not as_json:
                suggest(with_stack(stack_outputs, "attach", view.run_id or ""))
            return
        result = follow(target, lambda client: client.start_sweep(config), view, timeout)
        if view.table is None:
            raise RunError(f"the table of run {result.run_id} did not arrive; ask for it in SQL", "internal")
        if save_to is not None:
            for path in save(target.s3(), result, save_to, view.table.table_uri):
                note(f"saved {path}")
    write_outcome(view, result, as_json=as_json, top=top)
    if not as_json:
        suggest_after_run(result.run_id or "", stack_outputs)


def _config(target: Target, request: dict[str, Any], save_to: Path | None) -> SweepConfig:
    """Return the config, after checking everything that is needed after the run."""
    target.output("websocket_url")
    config = SWEEP.config(with_range(target, SWEEP, request))
    if save_to is not None:
        prepare_directory(save_to)
    return config
