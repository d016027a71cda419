"""The arguments and options that several commands about portfolios share."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from tickfold.cli.bad_parameters import bad_parameters
from tickfold.cli.completion import portfolios
from tickfold.cli.data_load import symbol

PortfolioArgument = Annotated[
    str, typer.Argument(metavar="PORTFOLIO", help="Name or id of the portfolio.", autocompletion=portfolios)
]
SymbolArgument = Annotated[str, typer.Argument(parser=symbol, metavar="SYMBOL", help="A symbol that the feed fetches.")]
OrderIdOption = Annotated[
    str | None,
    typer.Option("--id", metavar="ID", help="An id of your own: the same order again under it is placed once."),
]


def dollars(text: str) -> float:
    """Parse an amount such as 10000 or 10,000.50.

    Raises:
        BadParameter: it is no positive amount.
    """
    try:
        amount = float(text.replace(",", "").removeprefix("$"))
    except ValueError:
        amount = 0.0
    if not 0 < amount < float("inf"):
        raise typer.BadParameter(f"{text!r} is no amount of dollars above 0, such as 10000")
    return amount


def built(kind: Callable[[dict[str, Any]], Any], values: dict[str, Any]) -> Any:
    """Return the protocol's model of the `values` that are given.

    Raises:
        BadParameter: one is wrong; the reason names the field.
    """
    with bad_parameters():
        return kind({name: value for name, value in values.items() if value is not None})
