"""Thinning of a curve for a chart: what is left out changes neither its extremes nor its ends.

The lowest and the highest value of each aligned span of bars stay, so a spike of one bar is seen at any zoom, and the
points of a coarser curve are among those of a finer one.
"""

import numpy as np

from tickfold.engine.arrays import Floats, Ints
from tickfold.market_data.aligned_spans import AlignedSpans


def kept(values: Floats, most: int, start: int = 0) -> Ints:
    """Return the positions of the points to keep of `values`, at most `most` (4 or more), in order.

    `start` is the position of the first value in the whole curve, by which spans are aligned. All are kept if there are
    no more than `most`; else the first and the last, and of each span the first of its lowest and of its highest.
    """
    if len(values) <= most:
        return np.arange(len(values))
    spans = AlignedSpans.covering(start, start + len(values), most // 2 - 1)
    edges = spans.edges
    lengths = np.diff(np.append(edges, len(values)))
    extremes = [
        _first_equal(values, edges, lengths, reduce.reduceat(values, edges)) for reduce in (np.minimum, np.maximum)
    ]
    return np.unique(np.concatenate([[0, len(values) - 1], *extremes]))


def _first_equal(values: Floats, edges: Ints, lengths: Ints, extremes: Floats) -> Ints:
    """Return where in each span the first value is that equals the span's extreme."""
    at = np.flatnonzero(values == np.repeat(extremes, lengths))
    return at[np.searchsorted(at, edges)]
