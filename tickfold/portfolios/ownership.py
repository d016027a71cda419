"""Ownership: a portfolio is known to its owner, by its id or by the owner's name for it, and to no one else."""

from tickfold.errors import RunError
from tickfold.portfolios.portfolio import id_of
from tickfold.portfolios.store import PortfolioStore
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
