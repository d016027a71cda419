"""`tickfold bot stop`: stop a bot, and close or keep its position."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tickfold.cli.asking import ask
from tickfold.cli.bot_options import BotArgument, OfPortfolio
from tickfold.cli.next_steps import suggest, with_stack
from tickfold.cli.target import StackOutputs

if TYPE_CHECKING:
    from tickfold.protocol import BotView


def stop(
    bot: BotArgument,
    portfolio: OfPortfolio,
    *,
    positions: Annotated[
        Literal["close", "keep"],
        typer.Option(help="Close its position by the next bars, or make it the portfolio's at once, without stops."),
    ] = "close",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """Stop a bot for good, and give its cash back to its portfolio.

    Asks first if that closes a position; where nobody can answer, it closes one only with --yes.

    Example: tickfold bot stop cross --portfolio growth --positions keep
    """
    if positions == "close" and not yes:
        _ask(ask(stack_outputs, lambda client: client.get_bot(portfolio, bot)))
    stopped = ask(stack_outputs, lambda client: client.stop_bot(portfolio, bot, positions))
    typer.echo(f"bot {stopped.bot} is {stopped.status}{_left(stopped, positions)}")
    _suggest(stopped, portfolio, positions, stack_outputs)


def _ask(bot: "BotView") -> None:
    if not bot.shares or bot.status in ("stopping", "stopped"):
        return
    what = f"{bot.shares:g} shares of {bot.symbol} at the market"
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"this closes {what}; to do so without a question, add --yes")
    typer.confirm(f"Close {what}?", abort=True, err=True)


def _left(bot: "BotView", positions: str) -> str:
    if bot.status == "stopping":
        return f": the next bars close its {bot.shares:g} shares of {bot.symbol}"
    if positions == "keep" and bot.shares:
        return f": its {bot.shares:g} shares of {bot.symbol} are the portfolio's, without a stop"
    return ""


def _suggest(bot: "BotView", portfolio: str, positions: str, stack_outputs: Path | None) -> None:
    if positions == "keep" and bot.shares:
        side = "sell" if bot.shares > 0 else "buy"
        words = ("order", "place", portfolio, side, f"{abs(bot.shares):g}", bot.symbol, "--stop", "<price>")
        suggest(with_stack(stack_outputs, *words, "--reduce-only"))
