"""The market's log returns: what a regression on them needs, found in a pass over blocks of prices."""

from dataclasses import dataclass, field
from math import isnan, nan

import numpy as np

from tickfold.engine.arrays import Floats, blocks
from tickfold.engine.lanes import Lanes
from tickfold.engine.logarithm import log_change, log_returns

_BLOCK = 65_536


@dataclass
class MarketReturns:
    """The sums over the log returns of `bars` bars, each counted from the first of them, `origin`.

    Counted from one of them, returns lose no more to cancellation than one bit for each doubling of their number,
    whatever they are. Where all are equal, their variance is 0.

    Attributes:
        first: dollars at the run's first bar.
        last: dollars at the last bar.
        squares: Σ of the squares.
    """

    bars: int = 0
    first: float = nan
    last: float = nan
    origin: float = nan
    squares: Lanes = field(default_factory=Lanes)

    def update(self, prices: Floats) -> Floats:
        """Pass over a block of bars at `prices`, in dollars, at least one.

        Returns:
            The log return of each on the previous one, less `origin`; 0 at the run's first bar.
        """
        returns = log_returns(prices, self.last)
        if not self.bars:
            self.first = float(prices[0])
        if self.bars < 2 <= self.bars + len(prices):
            self.origin = float(returns[1 - self.bars])
        if not isnan(self.origin):
            returns -= self.origin
        if not self.bars:
            returns[0] = 0  # the first bar has no return
        self.squares.add(returns, returns)
        self.bars += len(prices)
        self.last = float(prices[-1])
        return returns

    @property
    def change(self) -> float:
        """The return from the first bar to the last, a fraction."""
        return self.last / self.first - 1

    def total(self) -> float:
        """Return the sum of the log returns, each less `origin`; NaN for fewer than two bars."""
        return log_change(self.first, self.last) - (self.bars - 1) * self.origin


def market_returns(prices: Floats) -> tuple[Floats, MarketReturns]:
    """Return what `MarketReturns.update` returns for all of a run's `prices`, and the sums."""
    sums, returns = MarketReturns(), np.empty(len(prices))
    for block in blocks(len(prices), _BLOCK):
        returns[block] = sums.update(prices[block])
    return returns, sums
