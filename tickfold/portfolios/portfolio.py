"""What a portfolio is worth, and what it may still use. All sums are in the order of names, so that they are exact."""

import hashlib
import re

from tickfold.protocol.portfolios import Portfolio, PortfolioState, PortfolioSummary, Positions, PositionView


def id_of(owner: str, name: str) -> str:
    """Return the id of the portfolio that `owner` calls `name`: names are the owner's own, ids are the stack's."""
    digest = hashlib.sha256(f"{owner}\0{name}".encode()).hexdigest()
    return f"{name}-{digest[:12]}"


def name_in(portfolio_id: str) -> str:
    """Return the name in an id of a portfolio."""
    return re.sub("-[0-9a-f]{12}$", "", portfolio_id)


def held(portfolio: Portfolio, symbol: str) -> float:
    """Return the shares of `symbol`, negative of a short position, 0 of none."""
    position = portfolio.positions.get(symbol)
    return position.quantity if position else 0.0


def equity(portfolio: Portfolio) -> float:
    """Return the cash, the positions at their last close, and the equity of the bots, in dollars."""
    total = portfolio.cash
    for symbol in sorted(portfolio.positions):
        total += portfolio.positions[symbol].quantity * portfolio.quotes[symbol].close
    for bot in sorted(portfolio.bots):
        total += portfolio.bots[bot].equity
    return total


def unrealised(portfolio: Portfolio) -> float:
    """Return the profit of the open positions at their last close, in dollars; commission of their entries excluded."""
    total = 0.0
    for symbol in sorted(portfolio.positions):
        position = portfolio.positions[symbol]
        total += position.quantity * portfolio.quotes[symbol].close - position.cost
    return total


def profit(portfolio: Portfolio) -> float:
    """Return the equity less what was paid in, in dollars."""
    return equity(portfolio) - portfolio.deposits


def drawdown(portfolio: Portfolio) -> float | None:
    """Return by which fraction the equity is below its peak; None if it never was above 0."""
    if portfolio.peak_equity <= 0:
        return None
    return max((portfolio.peak_equity - equity(portfolio)) / portfolio.peak_equity, 0.0)


def value_of(portfolio: Portfolio, symbol: str) -> float:
    """Return the value of the position in `symbol` at its last close, in dollars; negative of a short one."""
    position = portfolio.positions.get(symbol)
    return position.quantity * portfolio.quotes[symbol].close if position else 0.0


def exposure(portfolio: Portfolio) -> float:
    """Return the value of all positions at their last close, long and short alike, in dollars."""
    total = 0.0
    for symbol in sorted(portfolio.positions):
        total += abs(portfolio.positions[symbol].quantity) * portfolio.quotes[symbol].close
    return total


def available(portfolio: Portfolio) -> float:
    """Return the dollars that may be used to open positions: positions are never worth more than the equity.

    The cash, less twice what short positions are worth: what their sale brought, and as much of the owner's own. With
    at most one position that is the rule of backtests.
    """
    total = portfolio.cash
    for symbol in sorted(portfolio.positions):
        quantity = portfolio.positions[symbol].quantity
        if quantity < 0:
            total += 2 * quantity * portfolio.quotes[symbol].close
    return total


def followed(portfolio: Portfolio) -> frozenset[str]:
    """Return the symbols whose bars concern the portfolio: those that it holds, orders, or has bots on."""
    ordered = {order.terms.symbol for order in portfolio.orders.values()}
    return frozenset(portfolio.positions) | ordered | {bot.symbol for bot in portfolio.bots.values()}


def state_of(portfolio: Portfolio) -> PortfolioState:
    """Return the message that shows a portfolio."""
    return PortfolioState(
        sequence=portfolio.revision,
        portfolio=portfolio,
        equity=equity(portfolio),
        unrealised=unrealised(portfolio),
        available=available(portfolio),
    )


def positions_of(portfolio: Portfolio) -> Positions:
    """Return the positions of a portfolio, by symbol."""
    positions = [_position(portfolio, symbol) for symbol in sorted(portfolio.positions)]
    return Positions(portfolio=portfolio.portfolio, revision=portfolio.revision, positions=positions)


def _position(portfolio: Portfolio, symbol: str) -> PositionView:
    position, close = portfolio.positions[symbol], portfolio.quotes[symbol].close
    value = position.quantity * close
    return PositionView(
        symbol=symbol,
        quantity=position.quantity,
        cost=position.cost,
        close=close,
        value=value,
        unrealised=value - position.cost,
    )


def summary_of(portfolio: Portfolio) -> PortfolioSummary:
    """Return the row of a portfolio in a list."""
    return PortfolioSummary(
        portfolio=portfolio.portfolio,
        name=portfolio.name,
        status=portfolio.status,
        equity=equity(portfolio),
        cash=portfolio.cash,
        positions=len(portfolio.positions),
        open_orders=len(portfolio.orders),
        bots=len(portfolio.bots),
    )
