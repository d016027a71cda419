"""Scanning: visits the bars of many positions at once, a window at a time, until each is found."""

from collections.abc import Callable

import numpy as np

from tickfold.engine.arrays import Flags, Ints

Look = Callable[[Ints, Ints, Flags], Flags]

_FIRST_WINDOW = 16
_CELLS = 1 << 16
"""Bars per call of `look`, all positions together: they fit into a processor's cache."""


def scan(which: Ints, first: Ints, final: Ints, bars: int, look: Look) -> None:
    """Call `look` on the bars from `first` to `final`, inclusive, of the positions `which`, until each is found.

    `look(which, window, within)` gets some of the positions, shape (n,), a row of their next bars for each, shape
    (n, width), and a mask of the bars that are not after `final`. It returns which positions are found; those are not
    visited again. There are `bars` bars, and a window that exceeds them repeats the last. Windows double in width, so
    that few calls reach far and the first ones waste little.
    """
    width = _FIRST_WINDOW
    at = first[which]
    open_ = at <= final[which]
    which, at = which[open_], at[open_]
    while len(which):
        found = np.zeros(len(which), dtype=np.bool_)
        ahead = np.arange(width)
        rows = max(_CELLS // width, 1)
        for part in range(0, len(which), rows):
            some = slice(part, part + rows)
            window = at[some, None] + ahead
            found[some] = look(which[some], np.minimum(window, bars - 1), window <= final[which[some], None])
        at = at + width
        open_ = ~found & (at <= final[which])
        which, at = which[open_], at[open_]
        width = min(2 * width, _CELLS)
