"""Spans of consecutive positions whose edges do not depend on the window that is looked at.

A span has a power of two positions and begins at a multiple of it. So a window that moves by a few bars keeps all spans
but those at its edges, and a coarser span is exactly two finer ones: what is drawn does not flicker.
"""

from dataclasses import dataclass

import numpy as np

from tickfold.engine.arrays import Ints


@dataclass(frozen=True)
class AlignedSpans:
    """The spans of `width` positions that cover the positions `start` to `stop` (exclusive)."""

    start: int
    stop: int
    width: int

    @classmethod
    def covering(cls, start: int, stop: int, most: int) -> "AlignedSpans":
        """Return the narrowest spans of which at most `most` cover the positions `start` to `stop` (exclusive)."""
        width = 1
        while start < stop and (stop - 1) // width - start // width >= most:
            width *= 2
        return cls(start, stop, width)

    @property
    def edges(self) -> Ints:
        """Where each span begins within the window, as offsets from `start`; shape (spans,)."""
        first = self.start // self.width + 1
        inner = np.arange(first * self.width, self.stop, self.width, dtype=np.int64)
        return np.concatenate([[self.start], inner]).astype(np.int64) - self.start if self.start < self.stop else inner
