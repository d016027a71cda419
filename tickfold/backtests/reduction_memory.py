"""The memory that reducing a run takes, and the refusal of runs for which the reducer has too little.

A run of one symbol is folded a chunk at a time, however long it is. Of a sweep, its bars, and the decisions and the
curve of a set are held at once, and of a universe the curves and trades of all symbols. The bytes were measured
(docs/explanation/performance.md), with a position for every twenty bars.
"""

from collections.abc import Sequence
from math import ceil

from tickfold.errors import RunError
from tickfold.protocol import BacktestConfig, Config

BASE_BYTES = 250 * 1_000_000
"""Of a warm reducer: Python, numpy, Arrow, and the bars' files that it keeps."""
BYTES_A_BAR = 170
BYTES_A_BAR_OF_UNIVERSE = 65
"""Of all symbols, which are also combined at the times of all: that costs as much again as the largest of them."""
BYTES_A_BAR_OF_LARGEST = 280
BYTES_A_BAR_AND_SET = 5
"""What a sweep keeps for each set of parameters."""
MOST_MEGABYTES = 10_240
"""That Lambda gives to a function."""

_MEGABYTE = 1_024 * 1_024


def check_memory(config: Config, bars: Sequence[int], megabytes: int, *, sets: int) -> None:
    """Check that a reducer with so many `megabytes` can hold a run over so many `bars` of each of its symbols.

    `sets` are a sweep's sets of parameters.

    Raises:
        RunError: it cannot; the message says how many bars it could, and the memory that would do.
    """
    universe = config.is_universe
    if isinstance(config, BacktestConfig) and not universe:
        return
    needed, given = bytes_of(bars, universe=universe, sets=sets), megabytes * _MEGABYTE
    if needed <= given:
        return
    total, setting = sum(bars), ceil(needed / _MEGABYTE)
    fitting = max(0, int(total * (given - BASE_BYTES) / (needed - BASE_BYTES)))
    remedy = f", or set tickfold:reduceMemory to {setting}" if setting <= MOST_MEGABYTES else ""
    combinations = f" with {sets:,} combinations" if sets > 1 else ""
    raise RunError(
        f"the run is too large: to reduce {total:,} bars{combinations} takes about {setting:,} MB, and the reducer has "
        f"{megabytes:,}; choose a range of {fitting:,} bars at most{remedy}"
    )


def bytes_of(bars: Sequence[int], *, universe: bool = False, sets: int = 1) -> int:
    """Return the bytes that it takes to reduce such a run."""
    if universe:
        return BASE_BYTES + max(bars) * BYTES_A_BAR_OF_LARGEST + sum(bars) * BYTES_A_BAR_OF_UNIVERSE
    return BASE_BYTES + sum(bars) * (BYTES_A_BAR + (BYTES_A_BAR_AND_SET * sets if sets > 1 else 0))
