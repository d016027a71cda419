"""Descriptions of strategies, for clients that make forms of them."""

from tickfold.protocol.strategies import StrategyList, StrategySummary
from tickfold.strategies.registry import Registry


def described(registry: Registry) -> StrategyList:
    """Return what each strategy is, and the JSON Schema of its parameters, by name."""
    own = registry.own
    return StrategyList(
        strategies=[
            StrategySummary(
                name=name,
                description=" ".join((strategy.__doc__ or "").split()),
                built_in=name not in own,
                uses_volume=strategy.uses_volume,
                parameters=strategy.model_json_schema(),
            )
            for name, strategy in sorted(registry.strategies.items())
        ]
    )
