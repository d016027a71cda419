"""`tickfold bot create`: create a bot."""

from typing import Annotated

import typer

from tickfold.cli.asking import ask
from tickfold.cli.bot_options import (
    DailyLossOption,
    DrawdownOption,
    HoursOption,
    OfPortfolio,
    PositionOption,
    limits_of,
)
from tickfold.cli.completion import run_ids
from tickfold.cli.console import note
from tickfold.cli.next_steps import suggest, with_stack
from tickfold.cli.portfolio_options import dollars
from tickfold.cli.target import StackOutputs
from tickfold.protocol.formats import money


def create(
    name: Annotated[str, typer.Argument(help="Letters, digits, _ and -.")],
    *,
    portfolio: OfPortfolio,
    from_run: Annotated[
        str,
        typer.Option(
            metavar="RUN",
            help="The run that it goes on from: of one symbol, on minutes, succeeded.",
            autocompletion=run_ids,
        ),
    ],
    capital: Annotated[
        float | None,
        typer.Option(parser=dollars, metavar="DOLLARS", help="Cash of the portfolio. Default: the run's capital."),
    ] = None,
    cold: Annotated[
        bool, typer.Option("--cold", help="Hide the bars before its first one from its strategy, as from a run's.")
    ] = False,
    adopt_code: Annotated[
        bool, typer.Option("--adopt-code", help="Trade by the strategy's code as it is now, though the run's differs.")
    ] = False,
    position: PositionOption = None,
    daily_loss: DailyLossOption = None,
    drawdown: DrawdownOption = None,
    hours: HoursOption = None,
    stack_outputs: StackOutputs = None,
) -> None:
    """Create a bot: from the next bar on it trades what a run has tested. The same again changes nothing.

    It trades prices as they are: a run that adjusts its bars differs where a split or a dividend falls.

    Example: tickfold bot create cross --portfolio growth --from-run goog-sma_cross-20260131T120000-3f2a1c
    """
    limits = limits_of(position, daily_loss, drawdown, hours)
    made = ask(
        stack_outputs,
        lambda client: client.create_bot(
            portfolio,
            name,
            from_run=from_run,
            capital=capital,
            warm=not cold,
            adopt_code=adopt_code,
            limits=limits,
        ),
    )
    typer.echo(f"bot {made.bot} is {made.status}: {made.strategy} on {made.symbol} with ${money(made.capital)}")
    if made.run_code is None:
        note(f"the run has not recorded its strategy's code, so nobody can tell whether it was code {made.code}")
    elif made.run_code != made.code:
        note(f"it trades code {made.code} of its strategy; the run has tested {made.run_code}")
    of = ("--portfolio", portfolio)
    suggest(
        with_stack(stack_outputs, "bot", "show", made.bot, *of),
        with_stack(stack_outputs, "bot", "limits", made.bot, *of, "--drawdown", "10%"),
    )
