"""The closed trades by side and by exit reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from tickfold.backtests.recorded_run import ClosedTrades, Curve
from tickfold.engine.decisions.exits import REASONS


@dataclass(frozen=True)
class Group:
    """Statistics of closed trades. `pnl` is dollars, rates and returns are fractions; NaN without trades."""

    trades: int
    win_rate: float
    pnl: float
    average_return: float
    average_bars: float


def by_side(trades: ClosedTrades) -> dict[str, Group]:
    """Return the long trades, the short ones, and both."""
    return {"Long": _group(trades[trades.side > 0]), "Short": _group(trades[trades.side < 0]), "Both": _group(trades)}


def by_exit(trades: ClosedTrades) -> dict[str, Group]:
    """Return the trades by exit reason (`tickfold.engine.decisions.exits.REASONS`), without empty groups."""
    groups = {reason: _group(trades[trades.exit_reason == reason]) for reason in REASONS}
    return {reason: group for reason, group in groups.items() if group.trades}


def held(curves: Sequence[Curve]) -> dict[str, float]:
    """Return the fractions of all bars of `curves` at whose close a long position, a short one, and either is held."""
    shares = np.concatenate([curve.shares for curve in curves])
    return {
        "Long": float((shares > 0).mean()),
        "Short": float((shares < 0).mean()),
        "Both": float((shares != 0).mean()),
    }


def _group(trades: ClosedTrades) -> Group:
    some = len(trades) > 0
    return Group(
        trades=len(trades),
        win_rate=float((trades.pnl > 0).mean()) if some else nan,
        pnl=float(trades.pnl.sum()),
        average_return=float(trades.trade_return.mean()) if some else nan,
        average_bars=float(trades.bars.mean()) if some else nan,
    )
