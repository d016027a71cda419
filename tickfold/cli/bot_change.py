"""`tickfold bot pause`, `resume` and `limits`: what a person does to a bot that goes on."""

from typing import Annotated

import typer

from tickfold.cli.asking import ask
from tickfold.cli.bot_options import (
    BotArgument,
    DailyLossOption,
    DrawdownOption,
    HoursOption,
    OfPortfolio,
    PositionOption,
    limits_of,
)
from tickfold.cli.target import StackOutputs


def pause(bot: BotArgument, portfolio: OfPortfolio, stack_outputs: StackOutputs = None) -> None:
    """Let a bot open no position, and withdraw its order to. Its stops and other exits go on.

    Example: tickfold bot pause cross --portfolio growth
    """
    paused = ask(stack_outputs, lambda client: client.pause_bot(portfolio, bot))
    typer.echo(f"bot {paused.bot} is {paused.status}")


def resume(
    bot: BotArgument,
    portfolio: OfPortfolio,
    adopt_code: Annotated[
        bool, typer.Option("--adopt-code", help="Go on with the strategy's code as it is now, whatever is open.")
    ] = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """Let a bot trade again that a person, a limit or a fault has paused. Its losses count from here on.

    Example: tickfold bot resume cross --portfolio growth
    """
    resumed = ask(stack_outputs, lambda client: client.resume_bot(portfolio, bot, adopt_code=adopt_code))
    typer.echo(f"bot {resumed.bot} is {resumed.status}")


def limits(
    bot: BotArgument,
    portfolio: OfPortfolio,
    *,
    position: PositionOption = None,
    daily_loss: DailyLossOption = None,
    drawdown: DrawdownOption = None,
    hours: HoursOption = None,
    stack_outputs: StackOutputs = None,
) -> None:
    """Set all limits of a bot; those that are left out are removed.

    Example: tickfold bot limits cross --portfolio growth --drawdown 10% --daily-loss 3%
    """
    wanted = limits_of(position, daily_loss, drawdown, hours)
    changed = ask(stack_outputs, lambda client: client.set_bot_limits(portfolio, bot, wanted))
    names = ", ".join(changed.limits.model_dump(exclude_none=True)) or "none"
    typer.echo(f"limits of bot {changed.bot}: {names}")
