"""The timeframe of bars, inferred from the steps between their times."""

from pathlib import Path

import numpy as np

from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.engine.timeframe import is_timeframe, timeframe_of, timeframe_seconds
from tickfold.market_data.bar_table import BarFileError
from tickfold.market_data.date_notation import Times

_FEWEST_STEPS = 5  # a Friday and a Monday do not make a series of three days
_MICROSECONDS = 1_000_000


def settle_timeframe(path: Path, times: Times, given: str | None) -> tuple[str, list[str]]:
    """Return the timeframe of bars at the sorted `times`, and notes: the inferred one, or else the one `given`.

    Raises:
        BarFileError: none can be inferred and none is given; or the two differ.
    """
    if given is None:
        return _without_given(path, times)
    if not is_timeframe(given):
        raise BarFileError(f"timeframe {given!r} is not a number and a unit: 1m, 5m, 1h, 1d, 1w")
    inferred = infer_timeframe(times)
    if inferred is None:
        return given, []
    canonical = timeframe_of(timeframe_seconds(given))
    if canonical != inferred:
        raise BarFileError(f"{path}: timeframe {given} was given, but most bars are {inferred} apart")
    return inferred, [] if canonical == given else [f"timeframe {given} is written {canonical}"]


def _without_given(path: Path, times: Times) -> tuple[str, list[str]]:
    if inferred := infer_timeframe(times):
        return inferred, []
    if assumed := _assume_timeframe(times):
        return assumed, [f"too few bars to be sure of their timeframe: taken as {assumed}"]
    raise BarFileError(f"{path}: no step between bars stands out; say which timeframe it is, such as 1m, 1h or 1d")


def infer_timeframe(times: Times) -> str | None:
    """Return the step that at least half of the bars take; None if there is none, or too few bars."""
    steps, counts = np.unique(np.diff(times), return_counts=True)
    if counts.sum() < _FEWEST_STEPS or counts.max() * 2 < counts.sum():
        return None
    seconds, rest = divmod(int(steps[counts.argmax()]), _MICROSECONDS)
    return timeframe_of(seconds) if rest == 0 else None


def _assume_timeframe(times: Times) -> str | None:
    """Return the likeliest timeframe of a few bars: daily if all begin at midnight, else the shortest step."""
    steps = np.diff(times)
    if len(steps) >= _FEWEST_STEPS:
        return None
    if not (times % MICROSECONDS_PER_DAY).any():
        return "1d"
    return timeframe_of(int(steps.min()) // _MICROSECONDS) if len(steps) else None
