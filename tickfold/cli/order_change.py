"""`tickfold order change`, `cancel` and `close`."""

from typing import Annotated

import typer

from tickfold.cli.asking import ask
from tickfold.cli.completion import order_ids
from tickfold.cli.data_load import symbol as parse_symbol
from tickfold.cli.portfolio_options import OrderIdOption, PortfolioArgument
from tickfold.cli.target import StackOutputs
from tickfold.protocol.formats import counted
from tickfold.protocol.quantities import fraction_of

OrderArgument = Annotated[
    str,
    typer.Argument(metavar="ORDER", help="Id of the order: see `tickfold order list`.", autocompletion=order_ids),
]


def change(
    portfolio: PortfolioArgument,
    order_id: OrderArgument,
    *,
    quantity: Annotated[float | None, typer.Option(metavar="SHARES", help="What it fills in all.")] = None,
    limit: Annotated[float | None, typer.Option(metavar="PRICE", help="The worst price.")] = None,
    stop: Annotated[float | None, typer.Option(metavar="PRICE", help="The price that triggers it.")] = None,
    trail: Annotated[str | None, typer.Option(metavar="FRACTION", help="The distance of a trailing stop.")] = None,
    stack_outputs: StackOutputs = None,
) -> None:
    """Change the quantity or the prices of an open order; what is left out stays.

    Example: tickfold order change growth 3f2a --limit 171.50
    """
    distance = _fraction(trail)
    if quantity is None and limit is None and stop is None and distance is None:
        raise typer.BadParameter("nothing to change: give --quantity, --limit, --stop or --trail")
    changed = ask(
        stack_outputs,
        lambda client: client.change_order(
            portfolio, order_id, quantity=quantity, limit=limit, stop=stop, trail=distance
        ),
    )
    typer.echo(f"order {changed.order_id} is {changed.status}: {changed.terms.side} {changed.remaining:g}")


def cancel(
    portfolio: PortfolioArgument,
    order_id: Annotated[
        str | None,
        typer.Argument(metavar="ORDER", help="Id of the order. Default: all open ones.", autocompletion=order_ids),
    ] = None,
    symbol: Annotated[
        str | None, typer.Option(parser=parse_symbol, metavar="SYMBOL", help="All open orders of this symbol.")
    ] = None,
    stack_outputs: StackOutputs = None,
) -> None:
    """Cancel an open order, or all of them.

    Example: tickfold order cancel growth 3f2a
    """
    if order_id is not None and symbol is not None:
        raise typer.BadParameter("ORDER and --symbol exclude each other: an order has its symbol")
    if order_id is not None:
        ask(stack_outputs, lambda client: client.cancel_order(portfolio, order_id))
        typer.echo(f"order {order_id} is cancelled")
        return
    left = ask(stack_outputs, lambda client: client.cancel_orders(portfolio, symbol))
    typer.echo(f"cancelled; {counted(len(left), 'open order')} left")


def close(
    portfolio: PortfolioArgument,
    symbol: Annotated[
        str | None,
        typer.Argument(parser=parse_symbol, metavar="SYMBOL", help="What to close. Default: all positions."),
    ] = None,
    order_id: OrderIdOption = None,
    stack_outputs: StackOutputs = None,
) -> None:
    """Cancel the orders of a symbol and close its position at the market, or do so with all.

    Example: tickfold order close growth GOOG
    """
    if symbol is None:
        orders = ask(stack_outputs, lambda client: client.flatten(portfolio))
    else:
        orders = [ask(stack_outputs, lambda client: client.close_position(portfolio, symbol, order_id))]
    for order in orders:
        what = f"{order.terms.side} {order.remaining:g} {order.terms.symbol}"
        typer.echo(f"order {order.order_id} is {order.status}: {what}")
    if not orders:
        typer.echo("there is no position to close")


def _fraction(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return float(fraction_of(text))
    except ValueError as error:
        raise typer.BadParameter(f"--trail {text!r}: {error}") from None
