"""`tickfold report`: a finished run as one HTML page."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from tickfold.cli.attach import RunIdArgument
from tickfold.cli.console import note
from tickfold.cli.next_steps import suggest, with_stack
from tickfold.cli.target import StackOutputs, Target, find_target


def report(
    run_id: RunIdArgument,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            dir_okay=False,
            help="Where to write the page. Left out: RUN_ID.html in this directory.",
        ),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """Write a run's report: one HTML page that needs no network.

    Equity against buy and hold, drawdown, trades on price, monthly returns, and every metric.

    Example: tickfold report goog-sma_cross-20260131T120000-1a2b3c --open
    """
    path = output or Path(f"{run_id}.html")
    write_report(find_target(stack_outputs), run_id, path)
    typer.echo(path)
    if show and not webbrowser.open(path.resolve().as_uri()):
        note(f"no browser could be opened; the report is in {path}")
    if not show:
        suggest(with_stack(stack_outputs, "report", run_id, *(("-o", str(path)) if output else ()), "--open"))


def write_report(target: Target, run_id: str, path: Path) -> None:
    """Write the report of a finished run.

    Raises:
        RunError: there is no such run, it has no result, or its files are gone.
        OSError: the file cannot be written.
    """
    from tickfold.backtests.run_archive import read_run  # noqa: PLC0415
    from tickfold.report.page import page  # noqa: PLC0415 - numpy is slow to load
    from tickfold.report.plotly_js import plotly_js  # noqa: PLC0415
    from tickfold.storage.bucket import Bucket  # noqa: PLC0415

    run = read_run(target.runs(), Bucket(target.s3(), target.output("bucket")), run_id)
    path.write_text(page(run, plotly_js()), encoding="utf-8")
