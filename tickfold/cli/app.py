"""The commands, put together."""

from importlib.metadata import version
from typing import Annotated

import typer

from tickfold.cli import attach, backtest, cancel, check, data, down, query, report, run, runs, status, sweep, token, up
from tickfold.cli.exit_codes import ExitCode

app = typer.Typer(
    name="tickfold",
    help="Backtests fanned out over Lambda workers and folded back into one exact result.",
    epilog=f"Exit codes: {', '.join(f'{code.value} {code.label}' for code in ExitCode)}.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tickfold {version('tickfold')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


app.command("up")(up.up)
app.command("down")(down.down)
app.command("status")(status.status)
app.command("token")(token.token)
app.command("run")(run.run)
app.command("sweep")(sweep.sweep)
app.command("backtest", cls=backtest.BacktestCommand)(backtest.backtest)
app.command("runs")(runs.runs)
app.command("attach")(attach.attach)
app.command("cancel")(cancel.cancel)
app.command("check")(check.check)
app.command("query", cls=query.QueryCommand)(query.query)
app.command("report")(report.report)
app.add_typer(data.app, name="data")
