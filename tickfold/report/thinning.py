"""Downsampling of long curves for the charts: keeps the page small and every extreme visible."""

import numpy as np

from tickfold.engine.arrays import Floats, Ints

DRAWN_WHOLE = 10_000
"""Curves of at most this many bars are drawn whole."""
STRETCHES = 600
"""Longer ones are cut into this many stretches of equal length, of each of which a few bars are drawn."""


def drawn_bars(bars: int, *curves: Floats, whole: int = DRAWN_WHOLE, stretches: int = STRETCHES) -> Ints:
    """Return the bars to draw, in order: all of at most `whole` bars, else of each of so many `stretches` the first and
    last bar and those at which one of `curves` is lowest or highest in the stretch.

    On a screen with no more columns than stretches, a line through these covers the pixels that the whole covers.
    """
    if bars <= whole:
        return np.arange(bars)
    edges = np.linspace(0, bars, stretches + 1).astype(np.int64)
    kept = [edges[:-1], edges[1:] - 1]
    for curve in curves:
        parts = [curve[a:b] for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]
        kept.append(edges[:-1] + np.array([int(part.argmin()) for part in parts]))
        kept.append(edges[:-1] + np.array([int(part.argmax()) for part in parts]))
    return np.unique(np.concatenate(kept))
