"""Beta: the regression slope of the account's log returns on the market's, found in a pass over blocks of bars."""

from dataclasses import dataclass, field
from math import nan

import numpy as np

from tickfold.engine.arrays import Floats
from tickfold.engine.lanes import Lanes
from tickfold.engine.logarithm import log_ratio, log_returns


@dataclass
class Regression:
    """The sums of a regression through the log returns of `bars` bars.

    The market's returns are counted from the first one, `origin`. No more is lost to cancellation than one bit for each
    doubling of the number of bars, whatever the returns, and where all are equal their variance is 0.

    Attributes:
        first_equity: dollars at the run's first bar.
        first_market: dollars at the run's first bar.
        equity: dollars at the last bar.
        market: dollars at the last bar.
        ruined: equity has been 0 or less, so that its log return is undefined.
        squares: Σ x², with x the market's log returns less `origin`.
        products: Σ x · y, with y the account's log returns.
    """

    bars: int = 0
    first_equity: float = nan
    first_market: float = nan
    equity: float = nan
    market: float = nan
    origin: float = nan
    ruined: bool = False
    squares: Lanes = field(default_factory=Lanes)
    products: Lanes = field(default_factory=Lanes)

    def update(self, equity: Floats, market: Floats, lowest: float, market_returns: Floats | None = None) -> None:
        """Pass over a block of bars; `lowest` is that of its `equity`, `market_returns` as of `log_returns`."""
        if not self.bars:
            self.first_equity, self.first_market = float(equity[0]), float(market[0])
        self.ruined = self.ruined or lowest <= 0
        if not self.ruined:
            self._add(equity, market, market_returns)
        self.bars += len(equity)
        self.equity, self.market = float(equity[-1]), float(market[-1])

    def _add(self, equity: Floats, market: Floats, market_returns: Floats | None) -> None:
        ours = log_returns(equity, self.equity)
        theirs = log_returns(market, self.market) if market_returns is None else market_returns
        if self.bars < 2 <= self.bars + len(equity):
            self.origin = float(theirs[1 - self.bars])
        x = theirs - self.origin
        if not self.bars:
            x[0] = 0  # the first bar has no return
        self.squares.add(x, x)
        self.products.add(x, ours)

    def slope(self) -> float:
        """Return beta; NaN for fewer than three bars, after ruin, and where the market's returns are all equal."""
        squares, returns = self.squares.total(), self.bars - 1
        if self.ruined or returns < 2 or not squares:
            return nan
        sum_x = _change(self.market, self.first_market) - returns * self.origin
        sum_y = _change(self.equity, self.first_equity)
        variance = squares - sum_x * sum_x / returns
        return (self.products.total() - sum_x * sum_y / returns) / variance if variance > 0 else nan


def _change(last: float, first: float) -> float:
    """Return the sum of all log returns."""
    return float(log_ratio(np.array([last]), np.array([first]))[0])
