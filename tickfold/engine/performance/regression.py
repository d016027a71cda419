"""Beta: the regression slope of the account's log returns on the market's, found in a pass over blocks of bars."""

from dataclasses import dataclass, field
from math import isnan, nan

from tickfold.engine.arrays import Floats
from tickfold.engine.lanes import Lanes
from tickfold.engine.logarithm import log_change, log_returns
from tickfold.engine.market_returns import MarketReturns


@dataclass
class Regression:
    """The account's side of the regression.

    Attributes:
        first: dollars of equity at the run's first bar.
        last: dollars of equity at the last bar.
        ruined: equity has been 0 or less, so that its log return is undefined.
        products: Σ x · y, with x the market's log returns as of `MarketReturns.update`, and y the account's.
    """

    first: float = nan
    last: float = nan
    ruined: bool = False
    products: Lanes = field(default_factory=Lanes)

    def update(self, equity: Floats, market_returns: Floats, lowest: float) -> None:
        """Pass over a block of bars; `lowest` is that of its `equity`."""
        if isnan(self.first):
            self.first = float(equity[0])
        self.ruined = self.ruined or lowest <= 0
        if not self.ruined:
            self.products.add(log_returns(equity, self.last), market_returns)
        self.last = float(equity[-1])

    def slope(self, market: MarketReturns) -> float:
        """Return beta; NaN for fewer than three bars, after ruin, and where the market's returns are all equal."""
        squares, returns = market.squares.total(), market.bars - 1
        if self.ruined or returns < 2 or not squares:
            return nan
        total_x, total_y = market.total(), log_change(self.first, self.last)
        variance = squares - total_x * total_x / returns
        return (self.products.total() - total_x * total_y / returns) / variance if variance > 0 else nan
