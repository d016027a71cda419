"""The grid of a sweep: every combination of its parameters' values, and the limits of a sweep's size."""

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import assert_never

from tickfold.engine.performance.metrics import Metrics
from tickfold.engine.walk_forward import windows
from tickfold.errors import RunError
from tickfold.protocol import Number, Range, SweepConfig
from tickfold.protocol.spelling import suggestion
from tickfold.strategies import Registry, Strategy

MOST_COMBINATIONS = 1_000
MOST_BARS = 10_000_000_000
"""Bars times combinations: the reducer folds about ten million of them a second."""
LONGEST_CHUNK = 1_000_000
"""Bars of a chunk: so the memory of a worker, and of the fold, does not depend on the length of a run."""
MOST_CHUNK_BARS = 10_000_000
"""A chunk's bars times combinations: with a signal at every bar, a worker needs a gigabyte for them."""
MOST_WINDOW_RUNS = 100_000
"""Windows times combinations: even a run of a few bars takes about a millisecond."""
MOST_WINDOW_BARS = 10_000_000_000
"""In-sample bars of all windows times combinations: as above."""


@dataclass(frozen=True)
class Grid:
    """The combinations that the strategy accepts, and the number of those that it refuses."""

    strategies: list[Strategy]
    left_out: int


def expand(config: SweepConfig, registry: Registry) -> Grid:
    """Return the combinations of `config`, with parameters in the order of their names; the last varies fastest.

    Raises:
        RunError: there are too many combinations, or the strategy accepts none.
    """
    asked = prod(_count(values) for values in config.parameters.values())
    if asked > MOST_COMBINATIONS:
        raise RunError(
            f"the parameters have {asked:,} combinations; a sweep may have {MOST_COMBINATIONS:,} at most: "
            "give fewer values or wider steps"
        )
    # By name, as JSON objects have no order that every service on the way keeps.
    names = sorted(config.parameters)
    accepted: list[Strategy] = []
    refused: list[RunError] = []
    for values in product(*(_values(config.parameters[name]) for name in names)):
        try:
            accepted.append(registry.create(config.strategy, dict(zip(names, values, strict=True))))
        except RunError as error:
            refused.append(error)
    if not accepted:
        raise RunError(f"none of the {asked:,} combinations can be run; the first: {refused[0]}")
    return Grid(accepted, len(refused))


def check_size(config: SweepConfig, bars: int, registry: Registry) -> None:
    """Check that a sweep over `bars` bars is within the limits, and that a window fits into them.

    Raises:
        RunError: the metric to rank by is unknown, the sweep is too large, or no window fits into the bars.
    """
    known = Metrics.__dataclass_fields__
    if config.rank_by not in known:
        guess = suggestion(config.rank_by, known)
        raise RunError(f"unknown metric {config.rank_by!r} to rank by{guess}; known metrics: {', '.join(known)}")
    combinations = len(expand(config, registry).strategies)
    _check_limit("bars times combinations", bars * combinations, MOST_BARS)
    if config.walk_forward:
        inside, outside = config.walk_forward.in_sample, config.walk_forward.out_of_sample
        if bars < inside + outside:
            raise RunError(
                f"the range has {bars:,} bars; a window of {inside:,} bars in sample and {outside:,} out of sample "
                f"needs {inside + outside:,}"
            )
        count = len(windows(bars, inside, outside))
        _check_limit("windows times combinations", count * combinations, MOST_WINDOW_RUNS)
        _check_limit(
            "in-sample bars of all windows times combinations", count * combinations * inside, MOST_WINDOW_BARS
        )


def fewest_chunks(bars: int, sets: int) -> int:
    """Return the least number of chunks of `bars` bars that workers can simulate with so many `sets` of parameters."""
    return max(-(-bars // LONGEST_CHUNK), -(-bars * sets // MOST_CHUNK_BARS))


def _check_limit(what: str, asked: int, most: int) -> None:
    if asked > most:
        raise RunError(f"the sweep is too large: {what} are {asked:,}; at most {most:,} can be done at once")


def _count(values: Number | list[Number] | Range) -> int:
    match values:
        case Range():
            return values.count
        case list():
            return len(values)
        case int() | float():
            return 1
        case _:
            assert_never(values)


def _values(values: Number | list[Number] | Range) -> list[Number]:
    match values:
        case Range():
            return values.values()
        case list():
            return values
        case int() | float():
            return [values]
        case _:
            assert_never(values)
