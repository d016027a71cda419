"""The strategies that come with Tickfold, by name."""

from pydantic import ValidationError

from tickfold.errors import RunError
from tickfold.strategies.buy_and_hold import BuyAndHold
from tickfold.strategies.sma_cross import SmaCross
from tickfold.strategies.strategy import Strategy
from tickfold.validation import explain

__all__ = ["STRATEGIES", "Strategy", "create"]

STRATEGIES: dict[str, type[Strategy]] = {strategy.name: strategy for strategy in (BuyAndHold, SmaCross)}


def create(name: str, parameters: dict[str, int | float]) -> Strategy:
    """Return the strategy `name` with `parameters`; those left out take their defaults.

    Raises:
        RunError: there is no such strategy or parameter, or a value is out of its bounds.
    """
    if name not in STRATEGIES:
        raise RunError(f"unknown strategy {name!r}; known strategies: {', '.join(sorted(STRATEGIES))}")
    strategy = STRATEGIES[name]
    unknown = sorted(set(parameters) - set(strategy.model_fields))
    if unknown:
        known = ", ".join(strategy.model_fields) or "none"
        raise RunError(f"strategy {name} has no parameter {', '.join(unknown)}; it has: {known}")
    try:
        return strategy.model_validate(parameters)
    except ValidationError as error:
        raise RunError(f"strategy {name}: {explain(error)}") from None
