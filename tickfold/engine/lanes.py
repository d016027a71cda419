"""Sums in a fixed order: the same bits for any cut into blocks, and on every processor.

The sum of an array is not one number: numpy and BLAS choose an order by the array's length and the processor's
registers. Here value i of a run is added to lane i mod `LANES`, in order of i, and the lanes are added up at the end by
halves. No step depends on where a block begins or ends.
"""

from dataclasses import dataclass, field

import numpy as np

from tickfold.engine.arrays import Floats

LANES = 256
"""A power of two. With fewer, adding a row costs more than its sums; with more, a saved state is longer."""


@dataclass
class Lanes:
    """A running sum of numbered values: `values`, shape (LANES,), after `count` of them."""

    count: int = 0
    values: Floats = field(default_factory=lambda: np.zeros(LANES))

    def add(self, values: Floats, factor: Floats | float = 1.0) -> None:
        """Add the next `values`, each times its `factor`."""
        first = LANES + self.count % LANES
        stop = first + len(values)
        rows = np.empty(-(-stop // LANES) * LANES)
        rows[:LANES] = self.values
        rows[LANES:first] = rows[stop:] = 0  # changes no lane: none is ever −0
        np.multiply(values, factor, out=rows[first:stop])
        self.values = np.add.reduce(rows.reshape(-1, LANES), axis=0)  # adds row by row
        self.count += len(values)

    def total(self) -> float:
        """Return the sum of all values."""
        sums = self.values
        while len(sums) > 1:
            half = len(sums) // 2
            sums = sums[:half] + sums[half:]
        return float(sums[0])


def total(values: Floats) -> float:
    """Return the sum of `values` in the order of `Lanes`."""
    lanes = Lanes()
    lanes.add(values)
    return lanes.total()
