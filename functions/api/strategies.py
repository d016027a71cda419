"""Strategies: which the stack has, and what their parameters may be."""

from functions.api.operation import Area, Call
from tickfold.protocol.strategies import StrategyList

area = Area("strategies", "The strategies of the stack, and what their parameters may be.")


@area.operation("GET", "/v1/strategies", answer=StrategyList, has_etag=True)
def list_strategies(call: Call) -> StrategyList:
    """List the strategies, with the JSON Schema of their parameters."""
    return call.services.strategies
