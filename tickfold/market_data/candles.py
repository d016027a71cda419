"""Candles: consecutive bars as one, for a chart that has fewer points than there are bars."""

import numpy as np

from tickfold.engine.bars import Bars
from tickfold.market_data.aligned_spans import AlignedSpans


def combined(bars: Bars, spans: AlignedSpans) -> Bars:
    """Return one bar for each of `spans`, which cover `bars`: first open, highest high, lowest low, last close, and the
    sum of the volumes."""
    if not len(bars) or spans.width == 1:
        return bars
    edges = spans.edges
    last = np.append(edges[1:], len(bars)) - 1
    return Bars(
        timestamp=bars.timestamp[edges],
        open=bars.open[edges],
        high=np.maximum.reduceat(bars.high, edges),
        low=np.minimum.reduceat(bars.low, edges),
        close=bars.close[last],
        volume=np.add.reduceat(bars.volume, edges),
        decimals=bars.decimals,
        calendar=bars.calendar,
    )
