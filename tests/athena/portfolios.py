"""A portfolio in the lake, put there by the stack's own function."""

from embedded.stack import EmbeddedStack
from tests.portfolios.lake.session import session
from tickfold.portfolios.journal import blank
from tickfold.portfolios.store import PortfolioStore


def make_portfolio(stack: EmbeddedStack) -> None:
    """Trade in a portfolio `growth`, and export it."""
    store, trading = PortfolioStore(stack.cloud.table(stack.outputs["trading_table"])), session()
    portfolio = blank(trading.portfolio.portfolio)
    for entry in trading.journal:
        portfolio = store.append(portfolio, entry.events, entry.by)
    answer = stack.client("lambda").invoke(FunctionName="tickfold-embedded-export-portfolios:live", Payload=b"{}")
    assert "FunctionError" not in answer, answer["Payload"].read()
