"""The equity curve: what the metrics need of it and of the market, found in a pass over blocks of bars."""

from dataclasses import dataclass, field
from typing import Self

from tickfold.engine.arrays import Floats, Ints
from tickfold.engine.calendar import SessionCalendar
from tickfold.engine.lanes import Lanes
from tickfold.engine.market_returns import MarketReturns
from tickfold.engine.performance.drawdowns import Drawdowns
from tickfold.engine.performance.period_ends import PeriodEnds
from tickfold.engine.performance.regression import Regression


@dataclass
class Curve:
    """What is known of an equity curve after some of its bars.

    Attributes:
        capital: dollars before the first bar.
        drawdowns: of the curve.
        ends: of the return periods.
        market: the log returns of the market's price, or of the benchmark's value.
        regression: of the account's log returns on them.
        total_equity: Σ of equity at all bars, in dollars.
    """

    capital: float
    drawdowns: Drawdowns
    ends: PeriodEnds
    market: MarketReturns
    regression: Regression = field(default_factory=Regression)
    total_equity: Lanes = field(default_factory=Lanes)

    @classmethod
    def start(cls, capital: float, calendar: SessionCalendar) -> Self:
        """Return the curve before the first bar."""
        return cls(capital, Drawdowns(capital), PeriodEnds(calendar), MarketReturns())

    @property
    def bars(self) -> int:
        return self.total_equity.count

    @property
    def final_equity(self) -> float:
        """Dollars at the last bar."""
        return self.regression.last

    def update(self, timestamp: Ints, equity: Floats, market: Floats) -> None:
        """Pass over a block of consecutive bars, at least one.

        Args:
            timestamp: microseconds since 1970 UTC, shape (bars,).
            equity: dollars, shape (bars,).
            market: the market's price, or the benchmark's value, in dollars, shape (bars,).
        """
        self.follow(timestamp, equity, self.market.update(market))

    def follow(self, timestamp: Ints, equity: Floats, market_returns: Floats) -> None:
        """Pass over a block whose `market_returns` have been added to `market`."""
        highest, lowest = float(equity.max()), float(equity.min())
        self.total_equity.add(equity)
        self.drawdowns.update(timestamp, equity, highest, lowest)
        self.ends.update(timestamp, equity)
        self.regression.update(equity, market_returns, lowest)
