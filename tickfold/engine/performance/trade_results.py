"""Trade results: profits, losses and returns of closed trades, found in a pass over blocks of trades."""

from dataclasses import dataclass, field
from math import inf, nan, sqrt

import numpy as np

from tickfold.engine.arrays import Floats
from tickfold.engine.lanes import Lanes
from tickfold.engine.logarithm import log1p
from tickfold.engine.performance.ratio import ratio
from tickfold.engine.powers import expm1


@dataclass
class TradeResults:
    """The sums over `count` closed trades, in the order of their exits.

    Profits are also counted from the first one, `origin`: no more is lost to cancellation than one bit for each
    doubling of the number of trades, and where all are equal their variance is 0.

    Attributes:
        won: trades with a profit.
        lost: trades with a loss.
        best: largest return, a fraction.
        worst: smallest return.
        profit: Σ of profits, in dollars.
        loss: Σ of losses, negative.
        gains: Σ of positive returns.
        losses: Σ of negative returns.
        logs: Σ ln(1 + return); of no use where `worst` is −1 or less.
        distances: Σ of profits or losses less `origin`.
        squares: Σ of their squares.
    """

    count: int = 0
    won: int = 0
    lost: int = 0
    best: float = -inf
    worst: float = inf
    origin: float = nan
    profit: Lanes = field(default_factory=Lanes)
    loss: Lanes = field(default_factory=Lanes)
    gains: Lanes = field(default_factory=Lanes)
    losses: Lanes = field(default_factory=Lanes)
    logs: Lanes = field(default_factory=Lanes)
    distances: Lanes = field(default_factory=Lanes)
    squares: Lanes = field(default_factory=Lanes)

    def update(self, pnl: Floats, trade_return: Floats) -> None:
        """Pass over the next trades: dollars, and fractions of the value at entry, shape (trades,)."""
        if not len(pnl):
            return
        if not self.count:
            self.origin = float(pnl[0])
        self.count += len(pnl)
        self.won += int(np.count_nonzero(pnl > 0))
        self.lost += int(np.count_nonzero(pnl < 0))
        self.best = max(self.best, float(trade_return.max()) + 0.0)  # of 0 and −0, the order decides
        self.worst = min(self.worst, float(trade_return.min()) + 0.0)
        self.profit.add(np.maximum(pnl, 0))
        self.loss.add(np.minimum(pnl, 0))
        self.gains.add(np.maximum(trade_return, 0))
        self.losses.add(np.minimum(trade_return, 0))
        if self.worst > -1:
            self.logs.add(log1p(trade_return))
        distance = pnl - self.origin
        self.distances.add(distance)
        self.squares.add(distance, distance)

    def figures(self) -> dict[str, float]:
        """Return the metrics that follow from the trades alone, by name."""
        count, won, lost = self.count, self.won, self.lost
        gains, losses = self.gains.total(), self.losses.total()
        win_rate = won / count if count else nan
        payoff = ratio(self.profit.total() / won, -self.loss.total() / lost) if won and lost else nan
        return {
            "trades": count,
            "win_rate": win_rate,
            "best_trade": self.best if count else nan,
            "worst_trade": self.worst if count else nan,
            "average_trade": expm1(self.logs.total() / count) if count and self.worst > -1 else nan,
            "profit_factor": ratio(gains, -losses),
            "expectancy": (gains + losses) / count if count else nan,
            "sqn": self._system_quality(),
            "kelly": win_rate - (1 - win_rate) / payoff if payoff else nan,
        }

    def _system_quality(self) -> float:
        if self.count < 2:
            return nan
        mean = self.distances.total() / self.count
        variance = (self.squares.total() - mean * self.distances.total()) / (self.count - 1)
        return ratio(sqrt(self.count) * (self.origin + mean), sqrt(max(variance, 0.0)))
