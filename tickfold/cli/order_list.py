"""`tickfold order list`: the orders of a portfolio."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from tickfold.cli.asking import ask
from tickfold.cli.console import note
from tickfold.cli.portfolio_options import PortfolioArgument
from tickfold.cli.rows import AsCsv, AsJson, Value, check_formats, write_rows
from tickfold.cli.target import StackOutputs

if TYPE_CHECKING:
    from tickfold.protocol import Order

COLUMNS = (
    *("order_id", "status", "symbol", "side", "kind", "quantity", "filled", "average_price", "limit", "stop", "trail"),
    *("time_in_force", "placed", "parent", "reason"),
)


def list_orders(
    portfolio: PortfolioArgument,
    *,
    ended: Annotated[bool, typer.Option("--all", help="List those that have ended, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Orders to list, at most.", metavar="COUNT")] = 50,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """List the open orders of a portfolio, the latest first.

    Example: tickfold order list growth --all
    """
    check_formats(as_csv, as_json)
    found = ask(stack_outputs, lambda client: client.list_orders(portfolio, ended=ended, limit=limit))
    write_rows(COLUMNS, map(_row, found), as_csv, as_json, folds=False)
    if not found:
        note(f"{portfolio} has no {'' if ended else 'open '}orders")


def _row(order: "Order") -> list[Value]:
    terms = order.terms
    placed = f"{datetime.fromtimestamp(order.placed_at / 1_000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    average = order.value / order.filled if order.filled else None
    row: list[Value] = [order.order_id, order.status, terms.symbol, terms.side, terms.kind, terms.quantity]
    row += [order.filled, average, terms.limit, terms.stop, terms.trail]
    return [*row, terms.time_in_force, placed, order.parent, order.reason]
