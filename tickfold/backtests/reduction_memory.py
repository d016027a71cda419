"""The memory that reducing a run takes, and the refusal of runs for which the reducer has too little.

A run of one symbol is folded a chunk at a time, however long it is. Of a sweep, what each set of parameters carries
from chunk to chunk is held; of a universe, the portfolio's curve and that of one symbol. The bytes were measured
(docs/explanation/performance.md).
"""

from collections.abc import Sequence
from math import ceil

from tickfold.errors import RunError
from tickfold.protocol import BacktestConfig, Config, SweepConfig

BASE_BYTES = 250 * 1_000_000
"""Of a warm reducer: Python, numpy, Arrow, a chunk, and the bars' files that it keeps."""
BYTES_A_BAR_OF_LARGEST = 170
"""Of a universe, whose portfolio is taken to have about as many bars as the longest of its symbols."""
BYTES_A_SET = 600_000
"""Of a sweep: sums, and the account's value at the end of each session of some decades."""
WINDOW_BYTES = 256 * 1_000_000
"""Of a walk-forward: the bars and signals that are kept, since windows overlap and read them again."""
MOST_MEGABYTES = 10_240
"""That Lambda gives to a function."""

_MEGABYTE = 1_024 * 1_024


def check_memory(config: Config, bars: Sequence[int], megabytes: int, *, sets: int) -> None:
    """Check that a reducer with so many `megabytes` can hold a run over so many `bars` of each of its symbols.

    `sets` are a sweep's sets of parameters.

    Raises:
        RunError: it cannot; the message says how much it could, and the memory that would do.
    """
    if isinstance(config, BacktestConfig) and not config.is_universe:
        return
    needed, given = bytes_of(config, bars, sets), megabytes * _MEGABYTE
    if needed <= given:
        return
    setting = ceil(needed / _MEGABYTE)
    remedy = f", or set tickfold:reduceMemory to {setting}" if setting <= MOST_MEGABYTES else ""
    share = max(0.0, (given - bytes_of(config, [0], 0)) / (needed - bytes_of(config, [0], 0)))
    if isinstance(config, SweepConfig):
        what, choice = f"{sets:,} combinations", f"give {int(sets * share):,} at most"
    else:
        what, choice = f"{sum(bars):,} bars", f"choose a range of {int(sum(bars) * share):,} at most"
    raise RunError(
        f"the run is too large: to reduce {what} takes about {setting:,} MB, and the reducer has {megabytes:,}; "
        f"{choice}{remedy}"
    )


def bytes_of(config: Config, bars: Sequence[int], sets: int) -> int:
    """Return the bytes that it takes to reduce a sweep or a universe."""
    if isinstance(config, SweepConfig):
        return BASE_BYTES + sets * BYTES_A_SET + (WINDOW_BYTES if config.walk_forward else 0)
    return BASE_BYTES + max(bars) * BYTES_A_BAR_OF_LARGEST
