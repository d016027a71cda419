"""`tickfold run`: one backtest, followed live to its summary."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from tickfold.cli import failure
from tickfold.cli.console import note, stdout
from tickfold.cli.download import prepare_directory, save
from tickfold.cli.options import (
    BARS,
    STRATEGY,
    config_of,
    distinct,
    known_by_name,
    parameter,
    takes_terms,
    terms,
    with_range,
)
from tickfold.cli.progress import ProgressView
from tickfold.cli.report import write_report
from tickfold.cli.summary import write_summary
from tickfold.cli.symbols import allocations, stock_of
from tickfold.cli.target import StackOutputs, Target, find_target
from tickfold.client import Patience, run_backtest
from tickfold.errors import RunError
from tickfold.protocol import BacktestConfig, Result


@takes_terms
def run(
    *,
    symbol: Annotated[
        list[Any],
        typer.Option(
            parser=allocations,
            help="As it was loaded: see `tickfold data list`. Several (A,B, or repeated) share the capital equally, or "
            "as A=0.5,B=0.25 says.",
            rich_help_panel=BARS,
            metavar="SYMBOL",
        ),
    ],
    strategy: Annotated[
        str,
        typer.Option(
            callback=known_by_name,
            help="Name of the strategy: Tickfold's, or your own in strategies/.",
            rich_help_panel=STRATEGY,
            metavar="NAME",
        ),
    ] = "buy_and_hold",
    param: Annotated[
        list[Any] | None,
        typer.Option(
            parser=parameter,
            callback=distinct,
            metavar="NAME=NUMBER",
            help="A parameter of the strategy; may be repeated.",
            rich_help_panel=STRATEGY,
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=1, help="How long to wait. The run itself goes on after that.", metavar="SECONDS")
    ] = Patience.run,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON document instead of the summary.")] = False,
    save_to: Annotated[
        Path | None,
        typer.Option(
            "--save", metavar="DIR", file_okay=False, help="Also write the trades and the equity curve, as Parquet."
        ),
    ] = None,
    report_to: Annotated[
        Path | None,
        typer.Option(
            "--report", metavar="FILE", dir_okay=False, help="Also write the run's report as an HTML page into FILE."
        ),
    ] = None,
    stack_outputs: StackOutputs = None,
    **options: Any,
) -> None:
    """Run one backtest in the stack, of one symbol or several, and show its progress and its metrics.

    Example: tickfold run --symbol AAPL --strategy sma_cross --param fast=10 --param slow=30
    """
    view = ProgressView()
    wanted = {"stock": stock_of(symbol), "strategy": strategy, "parameters": dict(param or [])} | terms(**options)
    try:
        result = _run(find_target(stack_outputs), wanted, view, timeout, save_to=save_to, report_to=report_to)
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
        typer.echo(json.dumps(document(result), indent=2))
    else:
        write_summary(stdout(), result, view.curves)


def _run(
    target: Target,
    wanted: dict[str, Any],
    view: ProgressView,
    timeout: float,
    *,
    save_to: Path | None,
    report_to: Path | None,
) -> Result:
    url, token = target.output("websocket_url"), target.token()
    config = config_of(BacktestConfig, with_range(target, wanted))
    if save_to is not None:
        prepare_directory(save_to)
    if report_to is not None:
        if config.is_universe:
            raise RunError("--report shows one symbol; leave it out, or run one --symbol without a share")
        prepare_directory(report_to.parent)
        target.output("runs_table")  # rather missed now than after the run
    with view:
        result = run_backtest(url, config, view.show, replace(Patience(), run=timeout), token)
    if save_to is not None:
        for path in save(target.s3(), result, save_to):
            note(f"saved {path}")
    if report_to is not None:
        write_report(target, result.run_id or "", report_to)
        note(f"saved {report_to}")
    return result


def document(result: Result) -> dict[str, Any]:
    """Return a result as `--json` writes it."""
    found = result.model_dump(mode="json")
    names = ("symbol", "start", "end", "bars", "strategy", "parameters", "chunks", "replayed_bars")
    places = ("sequential_bars", "metrics", "execution_arn", "trades_uri", "equity_uri", "duration_seconds")
    of_several = ("symbols", "runs_by_symbol_uri", "equity_by_symbol_uri") if result.symbols else ()
    shown = (*names, *places, *of_several)
    return {"run_id": result.run_id, "status": "succeeded"} | {name: found[name] for name in shown}
