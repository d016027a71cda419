"""`tickfold run`: one backtest, followed live to its summary."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tickfold.cli.config_options import ConfigOptions
from tickfold.cli.console import note
from tickfold.cli.date_range import with_range
from tickfold.cli.download import prepare_directory, save
from tickfold.cli.follow import Detach, failure_as_json, follow, start
from tickfold.cli.next_steps import suggest, suggest_after_run, with_stack
from tickfold.cli.outcome import AsDocument, ReportTo, SaveTo, write_outcome
from tickfold.cli.progress import ProgressView
from tickfold.cli.report import write_report
from tickfold.cli.target import StackOutputs, Target, find_target
from tickfold.client import Patience
from tickfold.protocol import BacktestConfig

if TYPE_CHECKING:
    from tickfold.protocol import Result

RUN = ConfigOptions(BacktestConfig)


@RUN.on
def run(
    *,
    timeout: Annotated[
        float, typer.Option(min=1, help="How long to wait. The run itself continues after that.", metavar="SECONDS")
    ] = Patience.run,
    as_json: AsDocument = False,
    save_to: SaveTo = None,
    report_to: ReportTo = None,
    detach: Detach = False,
    stack_outputs: StackOutputs = None,
    **options: Any,
) -> None:
    """Run one backtest in the stack, of one symbol or several, and show its progress and its metrics.

    Example: tickfold run --symbol AAPL --strategy sma_cross --param fast=10 --param slow=30
    """
    if detach and (save_to or report_to):
        raise typer.BadParameter("--detach does not wait for what --save and --report write; leave it out, or them")
    view = ProgressView()
    request = RUN.request(options)
    with failure_as_json(as_json, view):
        target = find_target(stack_outputs)
        config = _config(target, request, save_to, report_to)
        if detach:
            start(target, lambda client: client.start_backtest(config), view, as_json=as_json)
            if not as_json:
                suggest(with_stack(stack_outputs, "attach", view.run_id or ""))
            return
        result = follow(target, lambda client: client.start_backtest(config), view, timeout)
        _keep(target, result, save_to, report_to)
    write_outcome(view, result, as_json=as_json)
    if not as_json:
        suggest_after_run(result.run_id or "", stack_outputs)


def _config(target: Target, request: dict[str, Any], save_to: Path | None, report_to: Path | None) -> BacktestConfig:
    """Return the config, after checking everything that is needed after the run."""
    target.output("websocket_url")
    config = RUN.config(with_range(target, RUN, request))
    if save_to is not None:
        prepare_directory(save_to)
    if report_to is not None:
        prepare_directory(report_to.parent)
        target.output("runs_table")
    return config


def _keep(target: Target, result: "Result", save_to: Path | None, report_to: Path | None) -> None:
    if save_to is not None:
        for path in save(target.s3(), result, save_to):
            note(f"saved {path}")
    if report_to is not None:
        write_report(target, result.run_id or "", report_to)
        note(f"saved {report_to}")
