"""Sweeps: the request that starts one, and its ranking or its walk-forward."""

from typing import Annotated, Literal

from pydantic import Field

from tickfold.protocol.backtests import NoTradesCause, Start
from tickfold.protocol.parameters import Number
from tickfold.protocol.sweep_config import SweepConfig
from tickfold.protocol.wire import Message, Wire, is_absent


class StartSweep(Start):
    """Start a sweep: runs of one strategy with many parameter sets. The `result` is that of the best set.

    Reply: `accepted`; the sweep's other messages follow.
    """

    type: Literal["start_sweep"] = "start_sweep"
    config: SweepConfig


class Ranked(Wire):
    """One run of a sweep."""

    rank: Annotated[int, Field(ge=1)]
    parameters: dict[str, Number]
    metrics: Annotated[
        dict[str, Number | None],
        Field(description="The ranking metric and a few headline metrics; the table has all."),
    ]
    no_trades: NoTradesCause = None


class Sweep(Message):
    """The runs of a sweep, best first. The table has every run with all metrics, the message the best of them."""

    type: Literal["sweep"] = "sweep"
    rank_by: str
    combinations: Annotated[int, Field(description="Runs in the table.")]
    left_out: Annotated[int, Field(description="Combinations that the strategy rejects.")]
    without_trades: Annotated[
        dict[str, int],
        Field(exclude_if=is_absent, description="How many runs have no trades, by cause. Only if there are any."),
    ] = {}
    best: Annotated[list[Ranked], Field(description="The first rows of the table; see below.")]
    table_uri: Annotated[str, Field(description="Parquet, one row per run.")]


class Sample(Wire):
    """A part of a walk-forward's window, and the performance of one parameter set on it."""

    start: Annotated[int, Field(description="Time of the first bar, in milliseconds since 1970 UTC.")]
    end: Annotated[int, Field(description="Time of the last bar, in milliseconds since 1970 UTC.")]
    metric: Annotated[float | None, Field(description="The ranking metric; null if it is undefined.")]
    total_return: float | None


class WindowOutcome(Wire):
    """A window of a walk-forward: the parameters that were best in sample, and their performance out of sample."""

    window: Annotated[int, Field(ge=1)]
    parameters: dict[str, Number]
    in_sample: Sample
    out_of_sample: Sample


class WalkForward(Message):
    """The windows of a walk-forward, in order. The table has every window, the message as many as fit."""

    type: Literal["walk_forward"] = "walk_forward"
    rank_by: str
    combinations: Annotated[int, Field(description="Parameter sets to choose from.")]
    left_out: Annotated[int, Field(description="Combinations that the strategy rejects.")]
    windows: Annotated[int, Field(description="Windows in the table.")]
    unused_bars: Annotated[int, Field(description="Bars at the end that do not fill a window.")]
    first: Annotated[list[WindowOutcome], Field(description="The first windows; see below.")]
    table_uri: Annotated[str, Field(description="Parquet, one row per window.")]
