"""The portfolio: runs of several symbols, each with its own ledger, measured as one account.

No cash moves between symbols: the portfolio's equity is the sum of theirs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tickfold.engine.accounting.statement import Statement
from tickfold.engine.arrays import Floats, Ints
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import SessionCalendar, infer_calendar
from tickfold.engine.performance.benchmark import buy_and_hold, buy_and_hold_return
from tickfold.engine.performance.metrics import (
    Metrics,
    TrackRecord,
    bars_held,
    measure_record,
    value_filled,
)


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
    capital, gain, held, bars = uninvested, 0.0, 0, 0
    filled, commissions, slippage_cost = 0.0, 0.0, 0.0
    calendars: set[SessionCalendar] = set()
    trades: list[tuple[Ints, Floats, Floats]] = []
    for sleeve in sleeves:
        total = total + _steps(sleeve)
        capital += sleeve.statement.capital
        gain += sleeve.statement.capital * buy_and_hold_return(sleeve.bars.close)
        calendars.add(sleeve.bars.sessions)
        held += bars_held(sleeve.statement, len(sleeve.bars))
        bars += len(sleeve.bars)
        filled += value_filled(sleeve.statement)
        commissions += sleeve.statement.commissions
        slippage_cost += sleeve.statement.slippage_cost
        closed = sleeve.statement.trades
        trades.append((sleeve.bars.timestamp[closed.exit_bar], closed.pnl, closed.trade_return))
    if not trades:
        raise ValueError("a portfolio needs at least one sleeve")
    exit_times, pnl, trade_return = zip(*trades, strict=True)
    order = exit_order(exit_times)
    cash, equity, benchmark = total.values
    record = TrackRecord(
        timestamp=total.timestamp,
        calendar=calendars.pop() if len(calendars) == 1 else infer_calendar(total.timestamp),
        capital=capital,
        equity=equity,
        market_returns=np.diff(np.log(benchmark)),
        benchmark_return=gain / capital,
        pnl=np.concatenate(pnl)[order],
        trade_return=np.concatenate(trade_return)[order],
        exposure=held / bars,
        value_filled=filled,
        commissions=commissions,
        slippage_cost=slippage_cost,
    )
    return Portfolio(total.timestamp, cash, equity, benchmark, measure_record(record))


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
