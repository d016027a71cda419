"""The portfolio: runs of several symbols, each with its own ledger, measured as one account.

No cash moves between symbols: the portfolio's equity is the sum of theirs.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from tickfold.engine.accounting.statement import Statement
from tickfold.engine.accounting.trades import Trades
from tickfold.engine.arrays import Floats, Ints, blocks
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import SessionCalendar, infer_calendar
from tickfold.engine.performance.activity import Activity, ActivityFigures
from tickfold.engine.performance.benchmark import buy_and_hold
from tickfold.engine.performance.curve import Curve
from tickfold.engine.performance.measurement import BLOCK, metrics_of
from tickfold.engine.performance.metrics import Metrics
from tickfold.engine.performance.trade_results import TradeResults


@dataclass(frozen=True, eq=False)
class Sleeve:
    """The part of a portfolio that trades one symbol."""

    bars: Bars
    statement: Statement


@dataclass(frozen=True, eq=False)
class Portfolio:
    """All sleeves as one account: dollars at each timestamp at which any of them has a bar.

    `benchmark` is buy and hold of the same allocation; each sleeve's capital is cash until its first bar.
    """

    timestamp: Ints
    cash: Floats
    equity: Floats
    benchmark: Floats
    metrics: Metrics


@dataclass(frozen=True, eq=False)
class Steps:
    """Several step functions of time, each constant until the next timestamp.

    `values` has shape (functions, timestamps); `opening`, shape (functions,), holds before the first timestamp.
    """

    timestamp: Ints
    values: Floats
    opening: Floats

    @classmethod
    def constant(cls, functions: int, dollars: float) -> Self:
        """Return so many functions that are the same at all times."""
        return cls(np.empty(0, dtype=np.int64), np.empty((functions, 0)), np.full(functions, dollars))

    def then(self, timestamp: Ints, *values: Floats) -> "Steps":
        """Return the functions with the `values` of each at later times."""
        return Steps(np.append(self.timestamp, timestamp), np.column_stack([self.values, values]), self.opening)

    def __add__(self, other: "Steps") -> "Steps":
        opening = self.opening + other.opening
        if np.array_equal(self.timestamp, other.timestamp):
            return Steps(self.timestamp, self.values + other.values, opening)
        timestamp = np.union1d(self.timestamp, other.timestamp)
        return Steps(timestamp, self._at(timestamp) + other._at(timestamp), opening)

    def _at(self, timestamp: Ints) -> Floats:
        latest = np.searchsorted(self.timestamp, timestamp, side="right")
        return np.column_stack([self.opening, self.values])[:, latest]


@dataclass
class PortfolioSum:
    """The sum of a portfolio's sleeves so far. It can be saved.

    Attributes:
        total: cash, equity and benchmark of all, in dollars.
        capital: dollars before the first bar.
        bars: of all sleeves.
        slippage_cost: dollars.
        activity: of all sleeves.
        results: of the closed trades, sleeve after sleeve.
        calendars: one of each kind.
    """

    total: Steps
    capital: float
    bars: int = 0
    slippage_cost: float = 0.0
    activity: ActivityFigures = field(default_factory=ActivityFigures)
    results: TradeResults = field(default_factory=TradeResults)
    calendars: list[SessionCalendar] = field(default_factory=list)

    @classmethod
    def start(cls, uninvested: float) -> Self:
        """Return the sum of `uninvested` dollars of cash and no sleeve."""
        return cls(Steps.constant(3, uninvested), uninvested)

    def pass_over(self, trades: Trades) -> None:
        """Pass over the next closed trades of the sleeve that is added next."""
        self.results.update(trades.pnl, trades.trade_return)

    def add(
        self, steps: Steps, capital: float, activity: ActivityFigures, slippage_cost: float, calendar: SessionCalendar
    ) -> None:
        """Add a sleeve, all of whose trades were passed over: its cash, equity and benchmark at each of its bars."""
        self.total = self.total + steps
        self.capital += capital
        self.bars += len(steps.timestamp)
        self.slippage_cost += slippage_cost
        self.activity += activity
        if calendar not in self.calendars:
            self.calendars.append(calendar)

    def portfolio(self) -> Portfolio:
        """Return the portfolio of the sleeves so far.

        Raises:
            ValueError: there is no sleeve.
        """
        if not self.calendars:
            raise ValueError("a portfolio needs at least one sleeve")
        timestamp, (cash, equity, benchmark) = self.total.timestamp, self.total.values
        calendar = self.calendars[0] if len(self.calendars) == 1 else infer_calendar(timestamp)
        curve = Curve.start(self.capital, calendar)
        for block in blocks(len(equity), BLOCK):
            curve.update(timestamp[block], equity[block], benchmark[block])
        exposure = self.activity.bars_held / self.bars
        metrics = metrics_of(curve, self.results, self.activity, exposure, self.slippage_cost)
        return Portfolio(timestamp, cash, equity, benchmark, metrics)


def combine(sleeves: Iterable[Sleeve], uninvested: float) -> Portfolio:
    """Return the sum of `sleeves` and of `uninvested` dollars of cash.

    At each timestamp a sleeve counts with its equity at its latest bar, and before its first bar with its capital.
    Sleeves are consumed one at a time, and their bars are not kept.

    Raises:
        ValueError: there is no sleeve.
    """
    added = PortfolioSum.start(uninvested)
    for sleeve in sleeves:
        bars, statement = sleeve.bars, sleeve.statement
        activity, benchmark = Activity(), buy_and_hold(bars.close, statement.capital)
        activity.update(statement.trades)
        added.pass_over(statement.trades)
        steps = Steps.constant(3, statement.capital).then(bars.timestamp, statement.cash, statement.equity, benchmark)
        figures = activity.figures(statement.open_trade, len(bars))
        added.add(steps, statement.capital, figures, statement.slippage_cost, bars.sessions)
    return added.portfolio()


def benchmark(sleeves: Iterable[tuple[Ints, Floats, float]], uninvested: float) -> Floats:
    """Return the `benchmark` of the portfolio of `sleeves`, each its timestamps, closes and capital."""
    total = Steps.constant(1, uninvested)
    for timestamp, close, capital in sleeves:
        total = total + Steps.constant(1, capital).then(timestamp, buy_and_hold(close, capital))
    (values,) = total.values
    return np.asarray(values)
