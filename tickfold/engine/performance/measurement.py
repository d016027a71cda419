"""The measurement of a run: a pass over consecutive blocks of bars, of any size, that ends in its metrics.

Any cut into blocks gives the same metrics, bit for bit, on every processor: sums are those of `tickfold.engine.lanes`,
logarithms those of `tickfold.engine.logarithm`. What is carried from block to block is small and can be saved: some
tens of kilobytes, and the account's value at the end of each session.
"""

from dataclasses import dataclass, field
from math import nan
from typing import Self

from tickfold.engine.accounting.statement import Statement
from tickfold.engine.accounting.trades import OpenTrade, Trades
from tickfold.engine.arrays import Floats, Ints, blocks
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import SessionCalendar
from tickfold.engine.performance.activity import Activity, ActivityFigures
from tickfold.engine.performance.annual import annualise
from tickfold.engine.performance.curve import Curve
from tickfold.engine.performance.metrics import Metrics
from tickfold.engine.performance.ratio import ratio
from tickfold.engine.performance.trade_results import TradeResults

BLOCK = 65_536
"""Bars measured at a time: their arrays, and those computed from them, stay in the processor's cache."""


@dataclass
class Measurement:
    """What is known of a run after some of its bars."""

    curve: Curve
    results: TradeResults = field(default_factory=TradeResults)
    activity: Activity = field(default_factory=Activity)

    @classmethod
    def start(cls, capital: float, calendar: SessionCalendar) -> Self:
        """Return the measurement of an account with `capital` dollars before its first bar."""
        return cls(Curve.start(capital, calendar))

    def update(self, timestamp: Ints, equity: Floats, market: Floats, trades: Trades) -> None:
        """Pass over a block of consecutive bars, at least one.

        Args:
            timestamp: microseconds since 1970 UTC, shape (bars,).
            equity: dollars, shape (bars,).
            market: the market's price, or the benchmark's value, in dollars, shape (bars,).
            trades: those closed in the block, in the order of their exits; bars are counted from the run's first.
        """
        self.follow(timestamp, equity, self.curve.market.update(market), trades)

    def follow(self, timestamp: Ints, equity: Floats, market_returns: Floats, trades: Trades) -> None:
        """Pass over a block whose `market_returns` have been added to the curve's market; the rest as in `update`."""
        for block in blocks(len(equity), BLOCK):
            self.curve.follow(timestamp[block], equity[block], market_returns[block])
        self.pass_over(trades)

    def pass_over(self, trades: Trades) -> None:
        """Pass over the next `trades`."""
        self.results.update(trades.pnl, trades.trade_return)
        self.activity.update(trades)

    def metrics(self, open_trade: OpenTrade | None, slippage_cost: float) -> Metrics:
        """Return the metrics of a run that ends here.

        `slippage_cost` is dollars by which spread and slippage made fills worse.
        """
        bars = self.curve.bars
        activity = self.activity.figures(open_trade, bars)
        return metrics_of(self.curve, self.results, activity, activity.bars_held / bars, slippage_cost)


def measure(bars: Bars, statement: Statement) -> Metrics:
    """Return the metrics of a run over `bars`."""
    run = Measurement.start(statement.capital, bars.sessions)
    returns, run.curve.market = bars.market
    run.follow(bars.timestamp, statement.equity, returns, statement.trades)
    return run.metrics(statement.open_trade, statement.slippage_cost)


def metrics_of(
    curve: Curve, results: TradeResults, activity: ActivityFigures, exposure: float, slippage_cost: float
) -> Metrics:
    """Return the metrics of a run whose curve, trades and `activity` are known to their end."""
    final, ends, benchmark = curve.final_equity, curve.ends, curve.market.change
    growth, years, periods = final / curve.capital, ends.years(), ends.periods()
    annual = annualise(ends.values(periods, curve.capital), periods.per_year, growth, years)
    drawdowns = curve.drawdowns.figures(ends.step_so_far())
    beta, mean_equity = curve.regression.slope(curve.market), curve.total_equity.total() / curve.bars
    return Metrics(
        final_equity=final,
        peak_equity=curve.drawdowns.peak,
        total_return=growth - 1,
        buy_and_hold_return=benchmark,
        annual_return=annual.annual_return,
        annual_volatility=annual.volatility,
        cagr=annual.cagr,
        sharpe=ratio(annual.annual_return, annual.volatility),
        sortino=ratio(annual.annual_return, annual.downside),
        calmar=ratio(annual.annual_return, -drawdowns.largest),
        max_drawdown=drawdowns.largest,
        average_drawdown=drawdowns.average,
        max_drawdown_duration=drawdowns.longest,
        average_drawdown_duration=drawdowns.average_duration,
        **results.figures(),
        exposure=exposure,
        turnover=ratio(activity.value_filled / mean_equity, years) if mean_equity > 0 else nan,
        alpha=growth - 1 - (beta * benchmark if benchmark else 0.0),
        beta=beta,
        commissions=activity.commissions,
        cost_paid=activity.commissions + slippage_cost,
        periods_per_year=periods.per_year,
    )
