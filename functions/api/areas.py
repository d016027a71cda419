"""All areas of the HTTP API."""

from collections.abc import Sequence
from typing import Final

from functions.api import alerts, bots, identity, market_data, orders, portfolios, runs, strategies
from functions.api.operation import Area, Operation

AREAS: Final[Sequence[Area]] = (
    runs.area,
    portfolios.area,
    orders.area,
    bots.area,
    alerts.area,
    market_data.area,
    strategies.area,
    identity.area,
)
OPERATIONS: Final[Sequence[Operation]] = tuple(operation for area in AREAS for operation in area.operations)
