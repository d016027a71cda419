"""Strategies: which a stack has, and what their parameters may be."""

from typing import Annotated, Any

from pydantic import Field

from tickfold.protocol.wire import Wire


class StrategySummary(Wire):
    """A strategy."""

    name: str
    description: str
    built_in: Annotated[bool, Field(description="Whether it is one of Tickfold's, or the stack's own.")]
    uses_volume: Annotated[bool, Field(description="Whether its signals depend on volume.")]
    parameters: Annotated[
        dict[str, Any], Field(description="JSON Schema of the object `parameters` of a run, with bounds and defaults.")
    ]


class StrategyList(Wire):
    """The strategies, by name."""

    strategies: list[StrategySummary]
