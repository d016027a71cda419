"""Period ends: the account's equity at the last bar of each return period, found in a pass over blocks of bars."""

from dataclasses import dataclass, field
from math import isnan, nan

import numpy as np

from tickfold.engine.arrays import Floats, Ints
from tickfold.engine.calendar import MICROSECONDS_PER_DAY, SAMPLE, SessionCalendar, bar_step, last_bars, same_session
from tickfold.engine.performance.return_periods import DAYS_PER_YEAR, ReturnPeriods, return_periods


@dataclass
class PeriodEnds:
    """The bars that end a return period, or may: the last bar ends the latest period so far.

    What a period is depends on the median step of the run's first `SAMPLE` bars. Up to then all bars are kept; later
    one a session, or all if they last a day or longer.

    Attributes:
        calendar: the sessions.
        bars: bars passed.
        first: time of the run's first bar, in microseconds since 1970 UTC.
        step: median time between bars, in microseconds; NaN for fewer than `SAMPLE` bars.
        timestamp: microseconds since 1970 UTC, shape (ends,).
        equity: dollars, shape (ends,).
    """

    calendar: SessionCalendar
    bars: int = 0
    first: int = 0
    step: float = nan
    timestamp: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    equity: Floats = field(default_factory=lambda: np.empty(0))

    def update(self, timestamp: Ints, equity: Floats) -> None:
        """Pass over a block of bars."""
        if not self.bars:
            self.first = int(timestamp[0])
        self.bars += len(timestamp)
        if self.step < MICROSECONDS_PER_DAY:
            self._extend_by_sessions(timestamp, equity)
            return
        self._extend(timestamp, equity, len(self.timestamp))
        if isnan(self.step) and self.bars >= SAMPLE:
            self._learn_step()

    def _learn_step(self) -> None:
        self.step = bar_step(self.timestamp)
        if self.step < MICROSECONDS_PER_DAY:
            ends = last_bars(self.timestamp, self.calendar)
            self.timestamp, self.equity = self.timestamp[ends], self.equity[ends]

    def _extend_by_sessions(self, timestamp: Ints, equity: Floats) -> None:
        goes_on = same_session(int(self.timestamp[-1]), int(timestamp[0]), self.calendar)
        stay = len(self.timestamp) - int(goes_on)
        ends = last_bars(timestamp, self.calendar)
        self._extend(timestamp[ends], equity[ends], stay)

    def _extend(self, timestamp: Ints, equity: Floats, stay: int) -> None:
        """Append ends to the first `stay` ones."""
        self.timestamp = np.concatenate([self.timestamp[:stay], timestamp])
        self.equity = np.concatenate([self.equity[:stay], equity])

    def years(self) -> float:
        """Return the calendar time from the first bar to the last, in years of 365.25 days."""
        return (int(self.timestamp[-1]) - self.first) / MICROSECONDS_PER_DAY / DAYS_PER_YEAR

    def step_so_far(self) -> float:
        """Return the median time between the run's bars, in microseconds; NaN for fewer than two."""
        return bar_step(self.timestamp) if isnan(self.step) else self.step

    def periods(self) -> ReturnPeriods:
        """Return the return periods of a run that ends here; their last bars are indices of the ends."""
        return return_periods(self.timestamp, self.calendar, self.step_so_far())

    def values(self, periods: ReturnPeriods, capital: float) -> Floats:
        """Return the account's value between which the returns of `periods` are taken, in dollars, shape (periods,).

        Of sessions, the first return begins at the end of the first session, as for pandas and backtesting.py. Of
        bars, it begins with the start `capital`, so that the fees of an order that fills at the first close count.
        """
        values = self.equity[periods.last]
        if self.timestamp[periods.last[0]] == self.first:
            values[0] = capital
        return values
