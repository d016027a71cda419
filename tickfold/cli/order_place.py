"""`tickfold order place`: place an order."""

from typing import Annotated, Literal

import typer

from tickfold.cli.asking import ask
from tickfold.cli.portfolio_options import OrderIdOption, PortfolioArgument, SymbolArgument, built
from tickfold.cli.target import StackOutputs


def place(
    portfolio: PortfolioArgument,
    side: Annotated[Literal["buy", "sell"], typer.Argument(help="A sell of more than is held sells short.")],
    quantity: Annotated[float, typer.Argument(min=0, metavar="SHARES")],
    symbol: SymbolArgument,
    *,
    limit: Annotated[float | None, typer.Option(metavar="PRICE", help="The worst price: a limit order.")] = None,
    stop: Annotated[
        float | None, typer.Option(metavar="PRICE", help="The price that triggers it: a stop or stop-limit order.")
    ] = None,
    trail: Annotated[
        str | None, typer.Option(metavar="FRACTION", help="A trailing stop so far from the best price, such as 2%.")
    ] = None,
    take_profit: Annotated[
        float | None, typer.Option(metavar="PRICE", help="Close at this limit, once it has filled.")
    ] = None,
    stop_loss: Annotated[
        float | None, typer.Option(metavar="PRICE", help="Close at this stop, once it has filled.")
    ] = None,
    stop_loss_trail: Annotated[
        str | None, typer.Option(metavar="FRACTION", help="Close by a trailing stop, once it has filled.")
    ] = None,
    time_in_force: Annotated[
        Literal["day", "gtc", "ioc"],
        typer.Option(help="Until the session ends, until it is cancelled, or at once or not at all."),
    ] = "day",
    reduce_only: Annotated[bool, typer.Option("--reduce-only", help="Only close, never open or turn.")] = False,
    order_id: OrderIdOption = None,
    stack_outputs: StackOutputs = None,
) -> None:
    """Place an order, which fills on paper in the next bars: at the market, unless a price says otherwise.

    Example: tickfold order place growth buy 10 GOOG

    Example: tickfold order place growth buy 10 GOOG --limit 170 --take-profit 190 --stop-loss 160
    """
    from tickfold.protocol import PlacedOrder  # noqa: PLC0415 - slow to load, and help needs none

    given = {
        "symbol": symbol,
        "side": side,
        "kind": _kind(limit, stop, trail),
        "quantity": quantity,
        "limit": limit,
        "stop": stop,
        "trail": trail,
        "take_profit": take_profit,
        "stop_loss": stop_loss,
        "stop_loss_trail": stop_loss_trail,
        "time_in_force": time_in_force,
        "reduce_only": reduce_only,
    }
    order = built(PlacedOrder.model_validate, given)
    placed = ask(stack_outputs, lambda client: client.place_order(portfolio, order, order_id))
    typer.echo(f"order {placed.order_id} is {placed.status}: {placed.terms.side} {placed.remaining:g} {symbol}")


def _kind(limit: float | None, stop: float | None, trail: str | None) -> str:
    """Return the kind of order that has these prices."""
    if trail is not None:
        return "trailing_stop"
    if stop is not None:
        return "stop" if limit is None else "stop_limit"
    return "market" if limit is None else "limit"
