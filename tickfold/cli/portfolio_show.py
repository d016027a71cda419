"""`tickfold portfolio list`, `show`, `positions` and `trades`: what portfolios are worth, hold and have traded."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from tickfold.cli.asking import ask
from tickfold.cli.console import note
from tickfold.cli.portfolio_options import PortfolioArgument
from tickfold.cli.rows import AsCsv, AsJson, Value, check_formats, write_rows
from tickfold.cli.target import StackOutputs
from tickfold.cli.times import to_minute

if TYPE_CHECKING:
    from tickfold.protocol import PortfolioState, PortfolioSummary, Trade

PORTFOLIOS = ("name", "portfolio", "status", "equity", "cash", "positions", "open_orders", "bots")
POSITIONS = ("symbol", "shares", "average_price", "last_price", "value", "unrealised")
TRADES = ("trade_id", "symbol", "action", "price", "shares", "timestamp", "commission", "realised", "order_id")


def list_portfolios(as_csv: AsCsv = False, as_json: AsJson = False, stack_outputs: StackOutputs = None) -> None:
    """List your portfolios, by name.

    Example: tickfold portfolio list
    """
    check_formats(as_csv, as_json)
    found = ask(stack_outputs, lambda client: client.list_portfolios())
    write_rows(PORTFOLIOS, map(_summary, found), as_csv, as_json, folds=False)
    if not found:
        note("you have no portfolios yet: see `tickfold portfolio create`")


def show(
    portfolio: PortfolioArgument, as_csv: AsCsv = False, as_json: AsJson = False, stack_outputs: StackOutputs = None
) -> None:
    """Show what a portfolio is worth, what it has made, and its limits.

    Example: tickfold portfolio show growth
    """
    check_formats(as_csv, as_json)
    state = ask(stack_outputs, lambda client: client.get_portfolio(portfolio))
    write_rows(("figure", "value"), _figures(state), as_csv, as_json, folds=False)


def positions(
    portfolio: PortfolioArgument, as_csv: AsCsv = False, as_json: AsJson = False, stack_outputs: StackOutputs = None
) -> None:
    """List what a portfolio holds: shares (negative of a short position), prices, value, and profit so far.

    Example: tickfold portfolio positions growth
    """
    check_formats(as_csv, as_json)
    state = ask(stack_outputs, lambda client: client.get_portfolio(portfolio))
    write_rows(POSITIONS, _positions(state), as_csv, as_json, folds=False)
    if not state.portfolio.positions:
        note(f"{state.portfolio.name} holds nothing")


def trades(
    portfolio: PortfolioArgument,
    limit: Annotated[int, typer.Option(min=1, help="Trades to list, at most.", metavar="COUNT")] = 50,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """List the fills of a portfolio, the latest first; `timestamp` is the start of the bar (UTC).

    Example: tickfold portfolio trades growth --limit 10
    """
    check_formats(as_csv, as_json)
    found = ask(stack_outputs, lambda client: client.list_trades(portfolio, limit))
    write_rows(TRADES, map(_trade, found), as_csv, as_json, folds=False)
    if not found:
        note(f"{portfolio} has traded nothing yet")


def _summary(each: "PortfolioSummary") -> list[Value]:
    figures = [each.equity, each.cash, each.positions, each.open_orders, each.bots]
    return [each.name, each.portfolio, each.status, *figures]


def _figures(state: "PortfolioState") -> list[tuple[str, Value]]:
    shown = state.portfolio
    limits = shown.limits.model_dump(exclude_none=True)
    return [
        ("portfolio", shown.portfolio),
        ("status", shown.status),
        ("reason", shown.reason),
        ("revision", shown.revision),
        ("equity", state.equity),
        ("cash", shown.cash),
        ("available", state.available),
        ("deposits", shown.deposits),
        ("realised", shown.realised),
        ("unrealised", state.unrealised),
        ("commission", shown.commission),
        ("peak_equity", shown.peak_equity),
        ("day_start_equity", shown.day_start_equity),
        *((f"limit {name}", json.dumps(value)) for name, value in limits.items()),
    ]


def _positions(state: "PortfolioState") -> list[list[Value]]:
    rows = list[list[Value]]()
    for symbol, held in sorted(state.portfolio.positions.items()):
        last = state.portfolio.quotes[symbol].close
        value = held.quantity * last
        rows.append([symbol, held.quantity, held.cost / held.quantity, last, value, value - held.cost])
    return rows


def _trade(each: "Trade") -> list[Value]:
    time = to_minute(each.time)
    row: list[Value] = [each.trade_id, each.symbol, each.side, each.price, each.quantity, time]
    return [*row, each.commission, each.realised, each.order_id]
