"""The config of a sweep: a backtest's in which each parameter may have many values, and the metric to rank by."""

from typing import Annotated

from pydantic import Field, field_validator

from tickfold.protocol.backtest_config import BacktestConfig, SimulationConfig
from tickfold.protocol.option import Option
from tickfold.protocol.parameters import MOST_PARAMETERS, Number, ParameterValues
from tickfold.protocol.quantities import BarCount
from tickfold.protocol.stock import Allocation, Stock
from tickfold.protocol.wire import Wire


class Windows(Wire):
    """The windows of a walk-forward: parameters are chosen in sample, then traded out of sample."""

    in_sample: Annotated[BarCount, Field(description="Bars on which the best parameters are chosen.")]
    out_of_sample: Annotated[BarCount, Field(description="Following bars, traded with those parameters.")]


class SweepConfig(SimulationConfig):
    """What to sweep: a backtest's config in which each parameter may have many values, and the metric to rank by."""

    stock: Annotated[
        Stock,
        Field(description="Symbol of a loaded series; a sweep takes one."),
        Option("--symbol", panel="Bars", form="SYMBOL"),
    ]
    parameters: Annotated[
        dict[str, ParameterValues],
        Field(
            max_length=MOST_PARAMETERS,
            description="For each parameter a number, a list of numbers, or a range; see below.",
        ),
        Option("--param", panel="Sweep", form="NAME=VALUES", default=None),
    ]
    rank_by: Annotated[
        str,
        Field(max_length=80, description="Metric by which runs are ranked."),
        Option("--rank", panel="Sweep", form="METRIC"),
    ] = "sharpe"
    walk_forward: Annotated[
        Windows | None,
        Field(description="Choose and trade window by window; see below. Default: rank runs over the whole range."),
        Option(panel="Sweep", form="BARS:BARS"),
    ] = None

    @field_validator("stock", mode="after")
    @classmethod
    def _check_one_symbol(cls, stock: str | list[str] | list[Allocation]) -> str | list[str] | list[Allocation]:
        if isinstance(stock, list):
            raise ValueError("stock is a list; a sweep takes one symbol")
        return stock

    @field_validator("parameters")
    @classmethod
    def _check_distinct(cls, parameters: dict[str, ParameterValues]) -> dict[str, ParameterValues]:
        for name, values in parameters.items():
            if isinstance(values, list) and len(set(values)) < max(len(values), 1):
                raise ValueError(f"parameter {name} has {'a value twice' if values else 'no values'}")
        return parameters

    def run_with(self, parameters: dict[str, Number]) -> BacktestConfig:
        """Return the config of the single run with `parameters`."""
        shared = {name: getattr(self, name) for name in SimulationConfig.model_fields}
        return BacktestConfig(**shared, parameters=parameters)
