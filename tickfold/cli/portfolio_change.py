"""`tickfold portfolio deposit`, `withdraw`, `limits`, `kill` and `lift`: what a person does to a portfolio."""

from typing import TYPE_CHECKING, Annotated

import typer

from tickfold.cli.asking import ask
from tickfold.cli.data_load import symbol
from tickfold.cli.portfolio_options import PortfolioArgument, built, dollars
from tickfold.cli.target import StackOutputs
from tickfold.protocol.formats import money

if TYPE_CHECKING:
    from tickfold.protocol import PortfolioState

Amount = Annotated[float, typer.Argument(parser=dollars, metavar="DOLLARS", help="Such as 10000.")]


def deposit(portfolio: PortfolioArgument, amount: Amount, stack_outputs: StackOutputs = None) -> None:
    """Pay dollars in.

    Example: tickfold portfolio deposit growth 5000
    """
    _tell(ask(stack_outputs, lambda client: client.deposit(portfolio, amount)))


def withdraw(portfolio: PortfolioArgument, amount: Amount, stack_outputs: StackOutputs = None) -> None:
    """Pay dollars out that no position needs.

    Example: tickfold portfolio withdraw growth 500
    """
    _tell(ask(stack_outputs, lambda client: client.withdraw(portfolio, amount)))


def limits(
    portfolio: PortfolioArgument,
    *,
    order: Annotated[
        float | None, typer.Option(parser=dollars, metavar="DOLLARS", help="Largest value of an order.")
    ] = None,
    position: Annotated[
        float | None, typer.Option(parser=dollars, metavar="DOLLARS", help="Largest value of a position.")
    ] = None,
    exposure: Annotated[
        float | None, typer.Option(parser=dollars, metavar="DOLLARS", help="Largest value of all positions.")
    ] = None,
    daily_loss: Annotated[
        str | None, typer.Option(metavar="FRACTION", help="Loss since the day's start that pauses it, such as 3%.")
    ] = None,
    drawdown: Annotated[
        str | None, typer.Option(metavar="FRACTION", help="Loss from the peak that pauses it, such as 15%.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(parser=symbol, metavar="SYMBOL", help="A symbol that may be traded; may be repeated."),
    ] = None,
    hours: Annotated[
        str | None, typer.Option(metavar="FROM-TO", help="When orders may be placed, UTC, such as 14:30-20:45.")
    ] = None,
    orders_a_minute: Annotated[
        int | None, typer.Option(min=1, max=600, metavar="COUNT", help="Most orders placed within a minute.")
    ] = None,
    stack_outputs: StackOutputs = None,
) -> None:
    """Set all risk limits of a portfolio; those that are left out are removed.

    Example: tickfold portfolio limits growth --daily-loss 3% --drawdown 15% --order 5000
    """
    from tickfold.protocol import RiskLimits  # noqa: PLC0415 - slow to load, and help needs none

    given = {
        "order": order,
        "position": position,
        "exposure": exposure,
        "daily_loss": daily_loss,
        "drawdown": drawdown,
        "symbols": only or None,
        "hours": hours.split("-") if hours else None,
        "orders_a_minute": orders_a_minute,
    }
    wanted = built(RiskLimits.model_validate, given)
    state = ask(stack_outputs, lambda client: client.set_risk_limits(portfolio, wanted))
    names = ", ".join(state.portfolio.limits.model_dump(exclude_none=True)) or "none"
    typer.echo(f"limits of {state.portfolio.name}: {names}")


def kill(
    portfolio: PortfolioArgument,
    reason: Annotated[str, typer.Option(help="Why, for the journal.")] = "stopped by hand",
    flatten: Annotated[bool, typer.Option("--flatten", help="Close all positions at the market, too.")] = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """Stop all trading of a portfolio at once: cancel its orders, and take none that opens a position.

    Example: tickfold portfolio kill growth --flatten
    """
    state = ask(stack_outputs, lambda client: client.kill(portfolio, reason, flatten=flatten))
    name = state.portfolio.name
    typer.echo(f"{name} is killed; `tickfold portfolio lift {name}` lets it trade again")


def lift(portfolio: PortfolioArgument, stack_outputs: StackOutputs = None) -> None:
    """Let a portfolio trade again that a limit has paused, or a person killed. Losses count from here on.

    Example: tickfold portfolio lift growth
    """
    state = ask(stack_outputs, lambda client: client.lift(portfolio))
    typer.echo(f"{state.portfolio.name} is {state.portfolio.status}")


def _tell(state: "PortfolioState") -> None:
    typer.echo(f"{state.portfolio.name} has ${money(state.portfolio.cash)}, and is worth ${money(state.equity)}")
