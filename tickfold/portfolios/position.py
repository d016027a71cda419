"""Positions: what a fill makes of one, and the profit of what it closes. Cost is by the average."""

from typing import Final

from tickfold.protocol.portfolios import Position

_DUST: Final = 1e-9
"""Shares: less is what the sums of fractional quantities leave, and is nothing."""


def after_fill(position: Position | None, shares: float, price: float) -> tuple[Position | None, float]:
    """Return the position after `shares` were bought at `price`, negative where sold, and the profit of what it closed.

    A fill opens or closes, never both. The profit is before commission.
    """
    flow = shares * price
    if position is None:
        return Position(quantity=shares, cost=flow), 0.0
    quantity = position.quantity + shares
    if position.quantity * shares > 0:
        return Position(quantity=quantity, cost=position.cost + flow), 0.0
    if abs(quantity) < _DUST:
        return None, -flow - position.cost
    left = position.cost * (quantity / position.quantity)
    return Position(quantity=quantity, cost=left), -flow - (position.cost - left)
