"""`tickfold portfolio create`: create a portfolio."""

from typing import Annotated

import typer

from tickfold.cli.asking import ask
from tickfold.cli.portfolio_options import built, dollars
from tickfold.cli.target import StackOutputs
from tickfold.protocol.formats import money


def create(
    name: Annotated[str, typer.Argument(help="Letters, digits, _ and -.")],
    *,
    cash: Annotated[
        float | None, typer.Option(parser=dollars, metavar="DOLLARS", help="Dollars to begin with.")
    ] = None,
    commission: Annotated[
        str | None, typer.Option(metavar="FRACTION", help="Commission of a fill, such as 0.1% or 10bp of its value.")
    ] = None,
    spread: Annotated[
        str | None, typer.Option(metavar="FRACTION", help="Bid-ask spread, paid to open, such as 5bp.")
    ] = None,
    slippage: Annotated[
        str | None, typer.Option(metavar="FRACTION", help="By how much market and stop orders fill worse.")
    ] = None,
    participation: Annotated[
        str | None, typer.Option(metavar="FRACTION", help="The share of a bar's volume that your orders fill at most.")
    ] = None,
    fractional_shares: Annotated[bool, typer.Option("--fractional-shares", help="Trade parts of shares.")] = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """Create a portfolio for paper trading. The same again changes nothing.

    Example: tickfold portfolio create growth --cash 10000 --commission 0.1% --slippage 2bp
    """
    from tickfold.protocol import AccountTerms  # noqa: PLC0415 - slow to load, and help needs none

    given = {"commission": commission, "spread": spread, "slippage": slippage, "participation": participation}
    terms = built(AccountTerms.model_validate, {**given, "fractional_shares": fractional_shares})
    made = ask(stack_outputs, lambda client: client.create_portfolio(name, cash or 0.0, terms))
    typer.echo(f"portfolio {made.portfolio.portfolio} has ${money(made.portfolio.cash)}")
