"""How each metric is shown: its label, unit, group and one-line definition, stated once for every reader.

The terminal, the report and docs/reference/metrics.md derive their labels and formats from here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from tickfold.protocol.formats import UNDEFINED, Format, count, days, frequency, money, multiple, percent, ratio

Unit = Literal["dollars", "fraction", "ratio", "multiple", "frequency", "count", "days"]
Group = Literal["Return", "Trades", "Risk", "Ratios"]

FORMATS: Final[dict[Unit, Format]] = {
    "dollars": money,
    "fraction": percent,
    "ratio": ratio,
    "multiple": multiple,
    "frequency": frequency,
    "count": count,
    "days": days,
}
"""The text of a value, by its unit."""


@dataclass(frozen=True)
class MetricInfo:
    """A metric as it is shown. `short` is its label in a table of many columns."""

    name: str
    label: str
    unit: Unit
    group: Group
    definition: str
    short: str = ""

    @property
    def column(self) -> str:
        """The label for a narrow column."""
        return self.short or self.label

    def format(self, value: float | None) -> str:
        """Return `value` as text; None is undefined."""
        return UNDEFINED if value is None else FORMATS[self.unit](value)


HEADLINE_METRICS: Final = ("final_equity", "total_return", "sharpe", "max_drawdown", "trades")
"""The metrics of a run in a message or a table of several runs."""

_SHOWN: Final = (
    MetricInfo("final_equity", "Final equity", "dollars", "Return", "Equity at the last bar."),
    MetricInfo("peak_equity", "Peak equity", "dollars", "Return", "Highest of the start capital and equity."),
    MetricInfo(
        "total_return", "Total return", "fraction", "Return", "Final equity over start capital, less 1.", "Return"
    ),
    MetricInfo(
        "buy_and_hold_return",
        "Buy and hold",
        "fraction",
        "Return",
        "Return from the first close to the last.",
    ),
    MetricInfo("annual_return", "Annual return", "fraction", "Return", "Geometric mean return, compounded to a year."),
    MetricInfo("cagr", "CAGR", "fraction", "Return", "Compound annual growth rate over calendar days."),
    MetricInfo("commissions", "Commissions", "dollars", "Return", "Commissions paid on all fills."),
    MetricInfo("cost_paid", "Cost paid", "dollars", "Return", "Commissions, spread and slippage paid."),
    MetricInfo("trades", "Trades", "count", "Trades", "Closed trades."),
    MetricInfo("win_rate", "Win rate", "fraction", "Trades", "Share of closed trades with a profit."),
    MetricInfo("best_trade", "Best trade", "fraction", "Trades", "Largest return of a trade."),
    MetricInfo("worst_trade", "Worst trade", "fraction", "Trades", "Smallest return of a trade."),
    MetricInfo("average_trade", "Average trade", "fraction", "Trades", "Geometric mean of the trades' returns."),
    MetricInfo("expectancy", "Expectancy", "fraction", "Trades", "Arithmetic mean of the trades' returns."),
    MetricInfo("exposure", "Exposure", "fraction", "Trades", "Share of bars with a position."),
    MetricInfo("turnover", "Turnover a year", "multiple", "Trades", "Value of all fills over mean equity, per year."),
    MetricInfo("annual_volatility", "Annual volatility", "fraction", "Risk", "Volatility, compounded to a year."),
    MetricInfo(
        "periods_per_year", "Periods a year", "frequency", "Risk", "Returns that a year has: sessions, or bars."
    ),
    MetricInfo("max_drawdown", "Max drawdown", "fraction", "Risk", "Deepest fall below an earlier peak.", "Drawdown"),
    MetricInfo("average_drawdown", "Average drawdown", "fraction", "Risk", "Mean depth of the drawdowns."),
    MetricInfo("max_drawdown_duration", "Longest drawdown", "days", "Risk", "Longest time from a peak to recovery."),
    MetricInfo("average_drawdown_duration", "Average length", "days", "Risk", "Mean time from a peak to recovery."),
    MetricInfo("sharpe", "Sharpe", "ratio", "Ratios", "Annual return over annual volatility; risk-free rate 0."),
    MetricInfo("sortino", "Sortino", "ratio", "Ratios", "Annual return over annual downside deviation."),
    MetricInfo("calmar", "Calmar", "ratio", "Ratios", "Annual return over the deepest drawdown."),
    MetricInfo("alpha", "Alpha", "fraction", "Ratios", "Total return beyond beta times buy and hold."),
    MetricInfo("beta", "Beta", "ratio", "Ratios", "Slope of the account's log returns over the market's."),
    MetricInfo("profit_factor", "Profit factor", "ratio", "Ratios", "Sum of positive trade returns over the negative."),
    MetricInfo("sqn", "SQN", "ratio", "Ratios", "System quality number: √trades · mean profit / its deviation."),
    MetricInfo("kelly", "Kelly", "ratio", "Ratios", "Kelly fraction, from win rate and mean win over mean loss."),
)

METRICS: Final[dict[str, MetricInfo]] = {metric.name: metric for metric in _SHOWN}
"""Every metric of a run by its name, in the order in which they are shown."""


def label_of(name: str) -> str:
    """Return a metric's label; that of an unknown one is its name."""
    return METRICS[name].label if name in METRICS else name


def column_of(name: str) -> str:
    """Return a metric's label for a narrow column."""
    return METRICS[name].column if name in METRICS else name


def format_metric(name: str, value: float | None) -> str:
    """Return a metric's value as text; an unknown metric is shown as a ratio, None as undefined."""
    if name in METRICS:
        return METRICS[name].format(value)
    return UNDEFINED if value is None else ratio(value)


def grouped(names: Iterable[str]) -> dict[str, list[str]]:
    """Return `names` by group in the order in which they are shown; unknown ones come last, as "Other"."""
    present = dict.fromkeys(names)
    groups: dict[str, list[str]] = {}
    for metric in METRICS.values():
        if metric.name in present:
            groups.setdefault(metric.group, []).append(metric.name)
    if unknown := [name for name in present if name not in METRICS]:
        groups["Other"] = unknown
    return groups
