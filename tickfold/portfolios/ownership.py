"""Ownership: a portfolio and its orders are known to its owner, and to no one else.

Its owner may call it by its id or by the owner's name for it.
"""

from tickfold.errors import RunError
from tickfold.portfolios.portfolio import id_of
from tickfold.portfolios.store import PortfolioStore
from tickfold.protocol.portfolio_orders import Order
from tickfold.protocol.portfolios import Portfolio
from tickfold.protocol.spelling import suggestion


def owned(store: PortfolioStore, owner: str, ref: str) -> Portfolio:
    """Return the portfolio that `owner` calls `ref`, or whose id that is.

    Raises:
        RunError: the owner has none.
    """
    for portfolio_id in (id_of(owner, ref), ref):
        portfolio = store.get(portfolio_id)
        if portfolio and portfolio.owner == owner:
            return portfolio
    names = [each.name for each in store.of_owner(owner)]
    known = f"; there are {', '.join(names)}" if names else ": create one with `tickfold portfolio create`"
    raise RunError(f"you have no portfolio {ref}{suggestion(ref, names)}{known}", "not_found")


def order_of(store: PortfolioStore, portfolio: Portfolio, order_id: str) -> Order:
    """Return an order of a portfolio, open or ended.

    Raises:
        RunError: it has none of this id.
    """
    order = portfolio.orders.get(order_id) or store.order(portfolio.portfolio, order_id)
    if order is None:
        known = suggestion(order_id, portfolio.orders)
        raise RunError(f"{portfolio.name} has no order {order_id}{known}", "not_found")
    return order
