"""The commands, put together. Each is imported when it is run."""

from typing import Annotated

import typer

from tickfold.cli.exit_codes import ExitCode
from tickfold.cli.help_sections import WIDTH
from tickfold.cli.lazy_group import LazyGroup, UnloadedCommand


class Commands(LazyGroup):
    """Every command with its place and its summary, in the order of the help."""

    unloaded = (
        UnloadedCommand("up", "up:up", "Start the embedded stack on this machine."),
        UnloadedCommand("down", "down:down", "Stop the embedded stack."),
        UnloadedCommand("status", "status:status", "Show where the embedded stack and its data are."),
        UnloadedCommand("token", "token:token", "Print a token of the embedded stack's issuer."),
        UnloadedCommand("run", "run:run", "Run one backtest in the stack, and follow it."),
        UnloadedCommand("sweep", "sweep:sweep", "Run many sets of parameters, and rank them or walk forward."),
        UnloadedCommand("backtest", "backtest:app", "Run one backtest of a file's bars, without a stack."),
        UnloadedCommand("runs", "runs:runs", "List your runs, newest first."),
        UnloadedCommand("attach", "attach:attach", "Follow a running or ended run."),
        UnloadedCommand("cancel", "cancel:cancel", "Cancel a run."),
        UnloadedCommand("check", "check:check", "Check a strategy's promises on real bars."),
        UnloadedCommand("query", "query:app", "Query bars, runs, trades and equity in SQL."),
        UnloadedCommand("report", "report:report", "Write a run's report as one HTML page."),
        UnloadedCommand("watch", "watch:watch", "Watch the bars of a symbol as the feed stores them."),
        UnloadedCommand("top", "top.command:top", "Watch feed, portfolios, bots, alerts and fills on one screen."),
        UnloadedCommand("feed", "feed:app", "List, add and remove the symbols that the feed fetches."),
        UnloadedCommand("portfolio", "portfolio:app", "Create, show, fund and stop your portfolios."),
        UnloadedCommand("order", "order:app", "Place, list, change and cancel orders of a portfolio."),
        UnloadedCommand("bot", "bot:app", "Let strategies trade a part of a portfolio, as their runs did."),
        UnloadedCommand("trading", "trading:app", "Switch trading on and off in the whole stack."),
        UnloadedCommand("alert", "alert:app", "Be told of prices, runs and the feed, here, by e-mail or webhook."),
        UnloadedCommand("data", "data:app", "List, load, show and remove the bars that runs use."),
        UnloadedCommand("auth", "auth:app", "Log in to a provider of market data."),
        UnloadedCommand("new", "new:app", "Begin a strategy of your own."),
        UnloadedCommand("config", "config:app", "Show the defaults of tickfold.toml."),
    )


app = typer.Typer(
    name="tickfold",
    cls=Commands,
    help="Backtests fanned out over Lambda workers and folded back into one exact result.",
    epilog=f"Exit codes: {', '.join(f'{code.value} {code.label}' for code in ExitCode)}.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDTH},
)


def _print_version(context: typer.Context, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:  # which is how a shell's completion parses
        from importlib.metadata import version  # noqa: PLC0415 - slow to load

        typer.echo(f"tickfold {version('tickfold')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass
