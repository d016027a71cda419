"""The terms of orders that a request names. Without numpy, since functions without it import the protocol."""

from typing import Literal

Direction = Literal["both", "long", "short"]
"""The sides that may be held."""
Fill = Literal["open", "close"]
"""Where market orders fill: at the next bar's open, or at the close that decided."""
