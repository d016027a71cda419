"""The causes of a run without trades, for messages. Without numpy, since functions without it import the protocol."""

from typing import Literal

Cause = Literal["no_volume", "warm_up", "no_signal", "last_bar", "unfilled", "volatility", "size", "cash"]
"""In the order in which a trade comes about; `tickfold.engine.accounting.no_trades` tells them apart."""
