"""The position automaton: which decisions follow from signals.

Its state is all that a decision depends on, and never holds cash: that is what lets a range be cut anywhere.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tickfold.engine.bars import Ints
from tickfold.engine.signal import FLAT, HOLD, SHORT, Signals

Direction = Literal["both", "long", "short"]
Sides = npt.NDArray[np.int8]

START = 0
"""The state in which every run begins: flat."""


@dataclass(frozen=True, eq=False)
class Decisions:
    """The bars at which the position changes, and the side from then on: 1 long, 0 flat, −1 short."""

    bar: Ints
    side: Sides


def targets(signals: Signals, direction: Direction) -> Sides:
    """Return the side that each of `signals` (none of them HOLD) asks for, as far as `direction` allows it."""
    wanted = np.where(signals == FLAT, 0, signals)
    if direction == "long":
        wanted = np.maximum(wanted, 0)
    elif direction == "short":
        wanted = np.minimum(wanted, 0)
    return wanted.astype(np.int8)


def decide(bar: Ints, target: Sides, state: int) -> Decisions:
    """Run the automaton from `state` over the bars that ask for a side; return where it changes its position."""
    before = np.empty_like(target)
    before[:1] = state
    before[1:] = target[:-1]
    changed = np.flatnonzero(target != before)
    return Decisions(bar[changed], target[changed])


def asked(signals: Signals) -> Ints:
    """Return the positions of the signals that are not HOLD.

    Raises:
        ValueError: a value is none of HOLD, LONG, SHORT and FLAT.
    """
    if len(signals) and not SHORT <= signals.min() <= signals.max() <= FLAT:  # HOLD and LONG lie between these
        raise ValueError("a strategy's signals must be HOLD, LONG, SHORT or FLAT at every bar")
    return np.flatnonzero(signals != HOLD)
