"""Scanning: looks at the bars of many positions at once, a window at a time, until each has found what it looks for."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tickfold.engine.bars import Ints

Flags = npt.NDArray[np.bool_]
Look = Callable[[Ints, Ints, Flags], Flags]

_FIRST_WINDOW = 16
_CELLS = 1 << 16
"""Bars that are looked at in one go, all positions together: what stays in a processor's cache."""


def scan(which: Ints, first: Ints, final: Ints, bars: int, look: Look) -> None:
    """Show `look` the bars from `first` to `final`, inclusive, of the positions numbered in `which`.

    `look(which, window, within)` gets some of the numbers, a row for each with the bars that come next, and which of
    these are not past `final`; it says which positions have found what they look for, and are left out from then on.
    There are `bars` bars; a window that reaches past them repeats the last. Windows double each time, so that few looks
    reach far, and near ones see little that is not needed.
    """
    width = _FIRST_WINDOW
    at = first[which]
    left = at <= final[which]
    which, at = which[left], at[left]
    while len(which):
        found = np.zeros(len(which), dtype=np.bool_)
        ahead = np.arange(width)
        rows = max(_CELLS // width, 1)
        for part in range(0, len(which), rows):
            some = slice(part, part + rows)
            window = at[some, None] + ahead
            found[some] = look(which[some], np.minimum(window, bars - 1), window <= final[which[some], None])
        at = at + width
        left = ~found & (at <= final[which])
        which, at = which[left], at[left]
        width = min(2 * width, _CELLS)
