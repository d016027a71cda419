"""The metrics of a run: what they are, and by which conventions.

Everything is measured against the start capital. Conventions are those of backtesting.py (formulas:
docs/reference/metrics.md): annual figures compound the geometric mean of the returns a session, Sharpe divides the
compounded annual return by the compounded annual volatility (risk-free rate 0), CAGR counts calendar days, profit
factor and expectancy look at trade returns, SQN and Kelly at trade profits.
Ratios are fractions, durations days, amounts dollars. An undefined metric (no trades, no losing trade, a single bar) is
NaN; one that overflows is infinite.
"""

from dataclasses import asdict, dataclass


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
