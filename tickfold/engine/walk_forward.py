"""Walk-forward optimisation: each window chooses parameters in sample, and trades them out of sample.

Every run starts flat and closes its open trade at its last bar. In-sample runs start with the initial capital,
out-of-sample runs with the cash that the previous window left. Signals are those of the whole range, so indicators are
warm at a window's start.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tickfold.engine.accounting.account import Account
from tickfold.engine.accounting.holdings import Holdings
from tickfold.engine.accounting.statement import Statement
from tickfold.engine.accounting.trades import Trades
from tickfold.engine.backtest import AT_THE_NEXT_OPEN, Outcome, backtest
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.performance.measurement import measure
from tickfold.engine.performance.metrics import Metrics
from tickfold.engine.signals import Signals
from tickfold.engine.sweep import KnownSignals, rank

_WARM = 0
"""The lookback of a window's runs: they need no warm-up."""


@dataclass(frozen=True)
class Window:
    """In-sample bars from `start` to `split`, out-of-sample bars from `split` to `stop`; ends are exclusive."""

    start: int
    split: int
    stop: int


@dataclass(frozen=True)
class Step:
    """A window's result: the index of the chosen parameter set, and its metrics on both samples."""

    window: Window
    chosen: int
    in_sample: Metrics
    out_of_sample: Metrics


@dataclass(frozen=True, eq=False)
class Walk:
    """The result: the steps, and the run that their out-of-sample parts make up, from bar `start` to `stop`.

    The bars of the run's trades count from `start`.
    """

    steps: list[Step]
    start: int
    stop: int
    outcome: Outcome


def windows(bars: int, in_sample: int, out_of_sample: int) -> list[Window]:
    """Return the windows that fit into `bars` bars, each `out_of_sample` bars after the previous one."""
    starts = range(0, bars - in_sample - out_of_sample + 1, out_of_sample)
    return [Window(start, start + in_sample, start + in_sample + out_of_sample) for start in starts]


def walk_forward(
    bars: Bars,
    signals: Sequence[Signals],
    windows: Sequence[Window],
    account: Account,
    orders: Orders = AT_THE_NEXT_OPEN,
    *,
    rank_by: str,
) -> Walk:
    """Walk `windows` of `bars`, choosing by the metric `rank_by` among parameter sets.

    `signals` has one array per set, each of shape (bars,).

    Raises:
        ValueError: `windows` is empty.
    """
    if not windows:
        raise ValueError("a walk-forward needs at least one window")
    steps: list[Step] = []
    traded: list[Outcome] = []
    capital = account.capital

    def run(set_: int, start: int, stop: int, cash: float) -> Outcome:
        known = KnownSignals(_WARM, signals[set_][start:stop])
        return backtest(bars[start:stop], known, replace(account, capital=cash, close_at_end=True), orders)

    for window in windows:
        tried = [run(set_, window.start, window.split, account.capital).metrics for set_ in range(len(signals))]
        chosen = rank(tried, rank_by)[0]
        outcome = run(chosen, window.split, window.stop, capital)
        capital = float(outcome.statement.holdings.cash[-1])
        steps.append(Step(window, chosen, tried[chosen], outcome.metrics))
        traded.append(outcome)
    start, stop = windows[0].split, windows[-1].stop
    statement = _chain([outcome.statement for outcome in traded])
    # If no window has a trade, the first one says why; its reason holds for what was traded there.
    no_trades = traded[0].no_trades if all(outcome.no_trades for outcome in traded) else None
    return Walk(steps, start, stop, Outcome(statement, measure(bars[start:stop], statement), no_trades))


def _chain(statements: Sequence[Statement]) -> Statement:
    """Join the statements of adjacent ranges, none of which leaves a trade open."""
    first_bars = np.cumsum([0, *(len(statement.equity) for statement in statements)])
    trades = [each.trades.later(int(bar)) for each, bar in zip(statements, first_bars, strict=False)]
    return Statement(
        capital=statements[0].capital,
        trades=Trades.concatenate(trades),
        open_trade=None,
        holdings=Holdings.concatenate(
            [each.holdings.later(int(bar)) for each, bar in zip(statements, first_bars, strict=False)]
        ),
        equity=np.concatenate([each.equity for each in statements]),
        slippage_cost=sum(each.slippage_cost for each in statements),
        sequential_bars=sum(each.sequential_bars for each in statements),
    )
