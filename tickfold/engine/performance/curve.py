"""The equity curve: what the metrics need of it and of the market, found in a pass over blocks of bars."""

from dataclasses import dataclass, field
from typing import Self

from tickfold.engine.arrays import Floats, Ints
from tickfold.engine.calendar import SessionCalendar
from tickfold.engine.lanes import Lanes
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
        regression: of the account's log returns on the market's.
        total_equity: Σ of equity at all bars, in dollars.
    """

    capital: float
    drawdowns: Drawdowns
    ends: PeriodEnds
    regression: Regression = field(default_factory=Regression)
    total_equity: Lanes = field(default_factory=Lanes)

    @classmethod
    def start(cls, capital: float, calendar: SessionCalendar) -> Self:
        """Return the curve before the first bar."""
        return cls(capital, Drawdowns(capital), PeriodEnds(calendar))

    @property
    def bars(self) -> int:
        return self.total_equity.count

    @property
    def total_return(self) -> float:
        """The return on the capital, a fraction."""
        return self.regression.equity / self.capital - 1

    @property
    def benchmark_return(self) -> float:
        """The market's return from the first bar to the last, a fraction."""
        return self.regression.market / self.regression.first_market - 1

    def update(self, timestamp: Ints, equity: Floats, market: Floats, market_returns: Floats | None = None) -> None:
        """Pass over a block of consecutive bars, at least one.

        Args:
            timestamp: microseconds since 1970 UTC, shape (bars,).
            equity: dollars, shape (bars,).
            market: the market's price, or the benchmark's value, in dollars, shape (bars,).
            market_returns: its log return at each bar, where it is known; 0 at the run's first bar.
        """
        highest, lowest = float(equity.max()), float(equity.min())
        self.total_equity.add(equity)
        self.drawdowns.update(timestamp, equity, highest, lowest)
        self.ends.update(timestamp, equity)
        self.regression.update(equity, market, lowest, market_returns)
