"""The portfolio: runs of several symbols, each with its own ledger, measured as one account.

No cash moves between symbols: the portfolio's equity is the sum of theirs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tickfold.engine.accounting.statement import Statement
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
class _Steps:
    """Several step functions of time, each constant until the next timestamp.

    `values` has shape (functions, timestamps); `opening`, shape (functions,), holds before the first timestamp.
    """

    timestamp: Ints
    values: Floats
    opening: Floats

    def __add__(self, other: "_Steps") -> "_Steps":
        opening = self.opening + other.opening
        if np.array_equal(self.timestamp, other.timestamp):
            return _Steps(self.timestamp, self.values + other.values, opening)
        timestamp = np.union1d(self.timestamp, other.timestamp)
        return _Steps(timestamp, self._at(timestamp) + other._at(timestamp), opening)

    def _at(self, timestamp: Ints) -> Floats:
        latest = np.searchsorted(self.timestamp, timestamp, side="right")
        return np.column_stack([self.opening, self.values])[:, latest]


def combine(sleeves: Iterable[Sleeve], uninvested: float) -> Portfolio:
    """Return the sum of `sleeves` and of `uninvested` dollars of cash.

    At each timestamp a sleeve counts with its equity at its latest bar, and before its first bar with its capital.
    Sleeves are consumed one at a time, and their bars are not kept.

    Raises:
        ValueError: there is no sleeve.
    """
    total = _Steps(np.empty(0, dtype=np.int64), np.empty((3, 0)), np.full(3, uninvested))
    capital, bars, slippage_cost, activity = uninvested, 0, 0.0, ActivityFigures()
    calendars: set[SessionCalendar] = set()
    trades: list[tuple[Ints, Floats, Floats]] = []
    for sleeve in sleeves:
        statement, closed = sleeve.statement, sleeve.statement.trades
        total = total + _steps(sleeve)
        capital += statement.capital
        bars += len(sleeve.bars)
        slippage_cost += statement.slippage_cost
        activity += _activity(sleeve)
        calendars.add(sleeve.bars.sessions)
        trades.append((sleeve.bars.timestamp[closed.exit_bar], closed.pnl, closed.trade_return))
    if not trades:
        raise ValueError("a portfolio needs at least one sleeve")
    cash, equity, benchmark = total.values
    curve = Curve.start(capital, calendars.pop() if len(calendars) == 1 else infer_calendar(total.timestamp))
    for block in blocks(len(equity), BLOCK):
        curve.update(total.timestamp[block], equity[block], benchmark[block])
    metrics = metrics_of(curve, _results(trades), activity, activity.bars_held / bars, slippage_cost)
    return Portfolio(total.timestamp, cash, equity, benchmark, metrics)


def _activity(sleeve: Sleeve) -> ActivityFigures:
    activity = Activity()
    activity.update(sleeve.statement.trades)
    return activity.figures(sleeve.statement.open_trade, len(sleeve.bars))


def _results(trades: Sequence[tuple[Ints, Floats, Floats]]) -> TradeResults:
    """Return the results of the trades of all sleeves, each its exit times, profits and returns."""
    exit_times, pnl, trade_return = zip(*trades, strict=True)
    order, results = exit_order(exit_times), TradeResults()
    results.update(np.concatenate(pnl)[order], np.concatenate(trade_return)[order])
    return results


def benchmark(sleeves: Iterable[tuple[Ints, Floats, float]], uninvested: float) -> Floats:
    """Return the `benchmark` of the portfolio of `sleeves`, each its timestamps, closes and capital."""
    total = _Steps(np.empty(0, dtype=np.int64), np.empty((1, 0)), np.full(1, uninvested))
    for timestamp, close, capital in sleeves:
        total = total + _Steps(timestamp, buy_and_hold(close, capital)[np.newaxis], np.full(1, capital))
    (values,) = total.values
    return np.asarray(values)


def exit_order(exit_times: Sequence[Ints]) -> Ints:
    """Return the indices that sort the concatenated trades of all sleeves by exit time, shape (trades,).

    Ties keep the order of the sleeves.
    """
    return np.argsort(np.concatenate(exit_times), kind="stable")


def _steps(sleeve: Sleeve) -> _Steps:
    """Return the sleeve's cash, equity and benchmark."""
    capital = sleeve.statement.capital
    benchmark = buy_and_hold(sleeve.bars.close, capital)
    values = np.stack([sleeve.statement.cash, sleeve.statement.equity, benchmark])
    return _Steps(sleeve.bars.timestamp, values, np.full(3, capital))
