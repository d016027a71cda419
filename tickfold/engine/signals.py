"""Signals: what a strategy signals at each bar's close, as int8 arrays of shape (bars,)."""

from typing import Final

import numpy as np
import numpy.typing as npt

HOLD: Final = 0
"""No change: keep the position."""
LONG: Final = 1
"""Target long; a short position is reversed."""
SHORT: Final = -1
"""Target short; a long position is reversed."""
FLAT: Final = 2
"""Target flat; an open position is closed."""

Signals = npt.NDArray[np.int8]
