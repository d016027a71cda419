"""What a strategy says at each bar. A signal is an int8; the engine turns signals into decisions."""

from typing import Final

import numpy as np
import numpy.typing as npt

HOLD: Final = 0
"""Nothing: keep whatever is held."""
LONG: Final = 1
"""Be long; a short position is reversed."""
SHORT: Final = -1
"""Be short; a long position is reversed."""
FLAT: Final = 2
"""Hold nothing; an open position is closed."""

Signals = npt.NDArray[np.int8]
