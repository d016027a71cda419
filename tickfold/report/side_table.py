"""The trades by side: how those that were long did, those that were short, and both."""

from dataclasses import dataclass
from math import nan

import numpy as np
import numpy.typing as npt

from tickfold.storage.recorded_run import ClosedTrades, Curve


@dataclass(frozen=True)
class Side:
    """The closed trades of a side. `pnl` is dollars, `held` the share of bars at whose close the side is held, an open
    trade included; `win_rate` and `average_return` are fractions. What is undefined is NaN."""

    trades: int
    win_rate: float
    pnl: float
    average_return: float
    average_bars: float
    held: float


def by_side(curve: Curve, trades: ClosedTrades) -> dict[str, Side]:
    """Return long, short and both."""
    return {
        "Long": _side(trades[trades.side > 0], curve.shares > 0),
        "Short": _side(trades[trades.side < 0], curve.shares < 0),
        "Both": _side(trades, curve.shares != 0),
    }


def _side(trades: ClosedTrades, held: npt.NDArray[np.bool_]) -> Side:
    some = len(trades) > 0
    return Side(
        trades=len(trades),
        win_rate=float((trades.pnl > 0).mean()) if some else nan,
        pnl=float(trades.pnl.sum()),
        average_return=float(trades.trade_return.mean()) if some else nan,
        average_bars=float(trades.bars.mean()) if some else nan,
        held=float(held.mean()),
    )
