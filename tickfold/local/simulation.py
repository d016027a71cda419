"""The simulation of a run on this machine: the engine's single pass, which every chunked run equals bit for bit."""

from collections.abc import Iterator, Sequence

from tickfold.backtests.planning import account_of, orders_of
from tickfold.engine.backtest import Outcome, run
from tickfold.engine.bars import Bars
from tickfold.engine.signals import Signals
from tickfold.protocol import BacktestConfig, SweepConfig
from tickfold.strategies import Strategy
from tickfold.strategies.contract import lookback_of, read_only, signals_of_all


def signals_on(bars: Bars, strategies: Sequence[Strategy]) -> Iterator[Signals]:
    """Yield the signals of each of `strategies` on `bars`, which they cannot change.

    Raises:
        StrategyFailedError: a strategy raised an error, or returned something else than signals.
    """
    for strategy in strategies:
        lookback_of(strategy)
    return signals_of_all(strategies, read_only(bars))


def outcome_of(
    config: BacktestConfig | SweepConfig, bars: Bars, strategy: Strategy, signals: Signals, share: float = 1.0
) -> Outcome:
    """Return the outcome of `strategy`, which gave `signals` on `bars`, with `share` of the capital of `config`."""
    return run(bars, signals, account_of(config, share), orders_of(config), strategy)
