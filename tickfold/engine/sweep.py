"""The sweep: runs of many parameter sets over the same bars, ranked by a metric."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isnan

from tickfold.engine.accounting.account import Account
from tickfold.engine.backtest import AT_THE_NEXT_OPEN, Outcome, SignalSource, backtest, simulate
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.chunk import Chunk, Speculation
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.performance.metrics import Metrics
from tickfold.engine.signals import Signals

LESS_IS_BETTER = frozenset(
    {
        "annual_volatility",
        "max_drawdown_duration",
        "average_drawdown_duration",
        "turnover",
        "commissions",
        "cost_paid",
    }
)
"""Metrics whose smallest value is the best. Drawdowns are negative, so the largest is."""


@dataclass(frozen=True, eq=False)
class KnownSignals:
    """A strategy whose signals are given: those of all parameter sets are computed together."""

    lookback: int
    known: Signals

    def signals(self, bars: Bars) -> Signals:
        """Return the known signals.

        Raises:
            ValueError: `bars` is not as long as they are.
        """
        if len(bars) != len(self.known):
            raise ValueError(f"{len(self.known)} signals for {len(bars)} bars")
        return self.known


def sweep(
    bars: Bars, strategies: Iterable[SignalSource], account: Account, orders: Orders = AT_THE_NEXT_OPEN
) -> Iterator[Outcome]:
    """Run each of `strategies` over `bars` lazily, so that only one run's curves exist at a time."""
    return (backtest(bars, strategy, account, orders) for strategy in strategies)


def simulate_all(
    bars: Bars, chunk: Chunk, warm_up: int, signals: Iterable[Signals], orders: Orders = AT_THE_NEXT_OPEN
) -> list[Speculation]:
    """Simulate `chunk` with each of `signals`; they and `bars` start `warm_up` bars before it."""
    return [simulate(bars, chunk, KnownSignals(warm_up, known), orders) for known in signals]


def rank(metrics: Sequence[Metrics], by: str) -> list[int]:
    """Return the indices of `metrics` from the best to the worst value of the metric `by`.

    Ties keep their order; undefined values (NaN) come last.
    """
    sign = 1 if by in LESS_IS_BETTER else -1
    values = [sign * float(getattr(each, by)) for each in metrics]
    return sorted(range(len(values)), key=lambda at: (isnan(values[at]), 0.0 if isnan(values[at]) else values[at]))
