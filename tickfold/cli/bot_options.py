"""The arguments and options that several commands about bots share."""

from typing import TYPE_CHECKING, Annotated

import typer

from tickfold.cli.completion import bots, portfolios
from tickfold.cli.portfolio_options import built, dollars

if TYPE_CHECKING:
    from tickfold.protocol import BotLimits

BotArgument = Annotated[
    str, typer.Argument(metavar="BOT", help="Id of the bot: see `tickfold bot list`.", autocompletion=bots)
]
OfPortfolio = Annotated[
    str,
    typer.Option("--portfolio", metavar="PORTFOLIO", help="Name or id of its portfolio.", autocompletion=portfolios),
]
PositionOption = Annotated[
    float | None,
    typer.Option(parser=dollars, metavar="DOLLARS", help="Largest value of a position; a larger one is not opened."),
]
DailyLossOption = Annotated[
    str | None, typer.Option(metavar="FRACTION", help="Loss since the day's start that pauses it, such as 3%.")
]
DrawdownOption = Annotated[
    str | None, typer.Option(metavar="FRACTION", help="Loss from the peak that pauses it, such as 15%.")
]
HoursOption = Annotated[
    str | None, typer.Option(metavar="FROM-TO", help="When it may order to open, UTC, such as 14:30-20:45.")
]


def limits_of(position: float | None, daily_loss: str | None, drawdown: str | None, hours: str | None) -> "BotLimits":
    """Return the limits that the options say.

    Raises:
        BadParameter: one is wrong; the reason names the field.
    """
    from tickfold.protocol import BotLimits  # noqa: PLC0415 - slow to load, and help needs none

    given = {"position": position, "daily_loss": daily_loss, "drawdown": drawdown}
    limits: BotLimits = built(BotLimits.model_validate, {**given, "hours": hours.split("-") if hours else None})
    return limits
