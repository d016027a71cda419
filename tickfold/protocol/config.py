"""The config of any run: a backtest's or a sweep's."""

from typing import Annotated, Any

from pydantic import Discriminator, Tag, TypeAdapter

from tickfold.protocol.backtest_config import BacktestConfig
from tickfold.protocol.parameters import PARAMETER_TAGS
from tickfold.protocol.stock import STOCK_TAGS
from tickfold.protocol.sweep_config import SweepConfig

TAGS = (*STOCK_TAGS, *PARAMETER_TAGS)
"""Names of union members that pydantic puts into an error's path and that the sender never wrote."""


def _kind(value: Any) -> str:
    # A serialised sweep always has rankBy, which a backtest's config cannot have.
    ranked = "rankBy" in value if isinstance(value, dict) else isinstance(value, SweepConfig)
    return "(sweep)" if ranked else "(run)"


Config = Annotated[
    Annotated[BacktestConfig, Tag("(run)")] | Annotated[SweepConfig, Tag("(sweep)")],
    Discriminator(_kind),
]
_CONFIG: TypeAdapter[Config] = TypeAdapter(Config)


def parse_config(config: dict[str, Any]) -> Config:
    """Parse the config of a request that was accepted."""
    return _CONFIG.validate_python(config)
