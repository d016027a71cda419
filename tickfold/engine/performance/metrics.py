"""The metrics of a run, from its equity curve and trades.

Everything is measured against the start capital. Conventions are those of backtesting.py (formulas:
docs/reference/metrics.md): annual figures compound the geometric mean of the returns a session, Sharpe divides the
compounded annual return by the compounded annual volatility (risk-free rate 0), CAGR counts calendar days, profit
factor and expectancy look at trade returns, SQN and Kelly at trade profits.
Ratios are fractions, durations days, amounts dollars. An undefined metric (no trades, no losing trade, a single bar) is
NaN; one that overflows is infinite.
"""

from dataclasses import asdict, dataclass
from math import nan

import numpy as np

from tickfold.engine.accounting.statement import Statement
from tickfold.engine.arrays import Floats, Ints
from tickfold.engine.bars import MICROSECONDS_PER_DAY, Bars
from tickfold.engine.calendar import SessionCalendar, bar_step
from tickfold.engine.performance.benchmark import buy_and_hold_return
from tickfold.engine.performance.return_periods import DAYS_PER_YEAR, ReturnPeriods, return_periods

_CLOCK = (MICROSECONDS_PER_DAY, 3_600_000_000, 60_000_000, 1_000_000, 1)
"""A day, an hour, a minute, a second and a microsecond, in microseconds."""
_STRETCH = 1_024


@dataclass(frozen=True)
class Metrics:
    """All metrics of a run, in the order of reports."""

    final_equity: float
    peak_equity: float
    total_return: float
    buy_and_hold_return: float
    annual_return: float
    annual_volatility: float
    cagr: float
    sharpe: float
    sortino: float
    calmar: float
    max_drawdown: float
    average_drawdown: float
    max_drawdown_duration: float
    average_drawdown_duration: float
    trades: float
    win_rate: float
    best_trade: float
    worst_trade: float
    average_trade: float
    profit_factor: float
    expectancy: float
    sqn: float
    kelly: float
    exposure: float
    turnover: float
    alpha: float
    beta: float
    commissions: float
    cost_paid: float
    periods_per_year: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True, eq=False)
class TrackRecord:
    """The inputs of the metrics.

    Attributes:
        timestamp: microseconds since 1970 UTC, shape (bars,).
        calendar: the sessions whose returns are annualised.
        capital: dollars before the first bar.
        equity: dollars, shape (bars,).
        market_returns: the market's log returns, for beta, shape (bars − 1,).
        benchmark_return: fraction.
        pnl: dollars per closed trade, in the order of exits, shape (trades,).
        trade_return: fraction of the value at entry, shape (trades,).
        exposure: fraction of bars with a position.
        value_filled: dollars of all fills.
        commissions: dollars.
        slippage_cost: dollars.
    """

    timestamp: Ints
    calendar: SessionCalendar
    capital: float
    equity: Floats
    market_returns: Floats
    benchmark_return: float
    pnl: Floats
    trade_return: Floats
    exposure: float
    value_filled: float
    commissions: float
    slippage_cost: float


def measure(bars: Bars, statement: Statement) -> Metrics:
    """Return the metrics of a run over `bars`."""
    trades = statement.trades
    return measure_record(
        TrackRecord(
            timestamp=bars.timestamp,
            calendar=bars.sessions,
            capital=statement.capital,
            equity=statement.equity,
            market_returns=bars.log_returns,
            benchmark_return=buy_and_hold_return(bars.close),
            pnl=trades.pnl,
            trade_return=trades.trade_return,
            exposure=bars_held(statement, len(bars)) / len(bars),
            value_filled=value_filled(statement),
            commissions=statement.commissions,
            slippage_cost=statement.slippage_cost,
        )
    )


def measure_record(record: TrackRecord) -> Metrics:
    """Return the metrics of `record`."""
    timestamp, equity = record.timestamp, record.equity
    total = float(equity[-1] / record.capital - 1)
    step = bar_step(timestamp)
    found = return_periods(timestamp, record.calendar, step)
    yearly = _yearly(record, found)
    drawdowns = _drawdowns(*_from_capital(record), step)
    beta = _beta(equity, record.market_returns)
    return Metrics(
        final_equity=float(equity[-1]),
        peak_equity=max(float(equity.max()), record.capital),
        total_return=total,
        buy_and_hold_return=record.benchmark_return,
        annual_return=yearly.annual_return,
        annual_volatility=yearly.volatility,
        cagr=yearly.cagr,
        sharpe=_ratio(yearly.annual_return, yearly.volatility),
        sortino=_ratio(yearly.annual_return, yearly.downside),
        calmar=_ratio(yearly.annual_return, -drawdowns.largest),
        max_drawdown=drawdowns.largest,
        average_drawdown=drawdowns.average,
        max_drawdown_duration=drawdowns.longest,
        average_drawdown_duration=drawdowns.average_duration,
        **_trade_metrics(record.pnl, record.trade_return),
        exposure=record.exposure,
        turnover=_turnover(record),
        alpha=total - (beta * record.benchmark_return if record.benchmark_return else 0.0),
        beta=beta,
        commissions=record.commissions,
        cost_paid=record.commissions + record.slippage_cost,
        periods_per_year=found.per_year,
    )


def _ratio(dividend: float, divisor: float) -> float:
    return dividend / divisor if divisor else nan


def _geometric_mean(returns: Floats) -> float:
    """Return the constant return that compounds to the same growth; NaN after a total loss."""
    if not len(returns) or (returns <= -1).any():
        return nan
    return float(np.exp(np.log1p(returns).sum() / len(returns)) - 1)


# --- per year --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Yearly:
    annual_return: float
    volatility: float
    downside: float
    cagr: float


def _years(timestamp: Ints) -> float:
    """Return the calendar time from the first bar to the last, in years."""
    return float(timestamp[-1] - timestamp[0]) / MICROSECONDS_PER_DAY / DAYS_PER_YEAR


def _yearly(record: TrackRecord, found: ReturnPeriods) -> _Yearly:
    returns, periods = found.returns(record.equity, record.capital), found.per_year
    if not len(returns) or np.isnan(returns).any():
        return _Yearly(nan, nan, nan, nan)
    growth = np.float64(1 + _geometric_mean(returns))
    variance = returns.var(ddof=1) if len(returns) > 1 else nan
    with np.errstate(over="ignore", invalid="ignore"):  # doubling daily overflows within years
        return _Yearly(
            annual_return=float(growth**periods - 1),
            volatility=float(np.sqrt((variance + growth**2) ** periods - growth ** (2 * periods))),
            downside=float(np.sqrt((np.minimum(returns, 0) ** 2).mean()) * np.sqrt(periods)),
            cagr=float((record.equity[-1] / record.capital) ** (1 / _years(record.timestamp)) - 1),
        )


# --- drawdowns -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Drawdowns:
    largest: float
    average: float
    longest: float
    average_duration: float


def _from_capital(record: TrackRecord) -> tuple[Ints, Floats]:
    """Return times and values of the curve, with the start capital ahead of them where the first bar is below it."""
    if record.equity[0] >= record.capital:
        return record.timestamp, record.equity
    return np.append(record.timestamp[0], record.timestamp), np.append(record.capital, record.equity)


def _drawdowns(timestamp: Ints, equity: Floats, step: float) -> _Drawdowns:
    """Return the drawdowns, the intervals with equity below an earlier peak; depths are negative fractions.

    A drawdown lasts from its peak to the bar that reaches the peak again, or to the last bar. Durations are rounded up
    to whole days, hours or minutes, the largest of these that divides the time between bars.
    """
    at_peak, last = _at_peak(equity), len(equity) - 1
    at_the_end = float(equity[last] / equity[at_peak[-1]] - 1)
    if at_peak[-1] < last:
        at_peak = np.append(at_peak, last)
    below = np.flatnonzero(np.diff(at_peak) > 1)
    if not len(below):
        return _Drawdowns(at_the_end, nan, nan, nan)
    start, stop = at_peak[below], at_peak[below + 1]
    lowest = np.minimum.reduceat(equity[: stop[-1] + 1], start)  # from a stop to the next start all bars are peaks
    deepest = lowest / equity[start] - 1
    duration = (timestamp[stop] - timestamp[start]).astype(np.float64)
    unit = next((unit for unit in _CLOCK if step % unit == 0), 1)
    return _Drawdowns(
        largest=min(float(deepest.min()), at_the_end),
        average=float(deepest.mean()),
        longest=float(np.ceil(duration.max() / unit) * unit / MICROSECONDS_PER_DAY),
        average_duration=float(np.ceil(duration.mean() / unit) * unit / MICROSECONDS_PER_DAY),
    )


def _at_peak(equity: Floats) -> Ints:
    """Return the bars at which equity is at its running maximum.

    The maximum of each block, which is faster than a running maximum, leaves few candidates.
    """
    highest = np.maximum.reduceat(equity, np.arange(0, len(equity), _STRETCH))
    before = np.maximum.accumulate(np.append(-np.inf, highest[:-1]))
    bar = np.flatnonzero(equity >= np.repeat(before, _STRETCH)[: len(equity)])
    candidate = equity[bar]
    at_peak: Ints = bar[candidate == np.maximum.accumulate(candidate)]
    return at_peak


# --- trades and the market -------------------------------------------------------------------------------------------


def _trade_metrics(pnl: Floats, returns: Floats) -> dict[str, float]:
    count = len(returns)
    won, lost = pnl[pnl > 0], pnl[pnl < 0]
    win_rate = len(won) / count if count else nan
    payoff = _ratio(float(won.mean()), -float(lost.mean())) if len(won) and len(lost) else nan
    return {
        "trades": count,
        "win_rate": win_rate,
        "best_trade": float(returns.max()) if count else nan,
        "worst_trade": float(returns.min()) if count else nan,
        "average_trade": _geometric_mean(returns),
        "profit_factor": _ratio(float(returns[returns > 0].sum()), -float(returns[returns < 0].sum())),
        "expectancy": float(returns.mean()) if count else nan,
        "sqn": _ratio(count**0.5 * float(pnl.mean()), float(pnl.std(ddof=1))) if count > 1 else nan,
        "kelly": win_rate - (1 - win_rate) / payoff if payoff else nan,
    }


def bars_held(statement: Statement, bars: int) -> int:
    """Return the number of the run's `bars` with a position, entry and exit bars included."""
    entry, exit_ = statement.trades.entry_bar, statement.trades.exit_bar
    if statement.open_trade:
        entry, exit_ = np.append(entry, statement.open_trade.entry_bar), np.append(exit_, bars - 1)
    shared = np.count_nonzero(entry[1:] == exit_[:-1])  # the bar of a reversal belongs to two trades
    return int((exit_ - entry + 1).sum() - shared)


def value_filled(statement: Statement) -> float:
    """Return the value of all fills, entries and exits, in dollars."""
    trades, still = statement.trades, statement.open_trade
    filled = float((trades.quantity * (trades.entry_price + trades.exit_price)).sum())
    return filled + still.quantity * still.entry_price if still else filled


def _turnover(record: TrackRecord) -> float:
    """Return the value of all fills over the mean equity, per year of 365.25 days."""
    mean = float(record.equity.mean())
    return _ratio(record.value_filled / mean, _years(record.timestamp)) if mean > 0 else nan


def _beta(equity: Floats, market_returns: Floats) -> float:
    """Return the regression slope of the account's log returns per bar on the market's."""
    if len(equity) < 3 or equity.min() <= 0:
        return nan
    logs = np.log(equity)
    ours = np.diff(logs)
    market = np.subtract(market_returns, market_returns.mean(), out=logs[1:])  # reuses memory, which is faster
    ours -= ours.mean()
    ours *= market
    return _ratio(float(ours.sum()), float(np.square(market, out=market).sum()))
