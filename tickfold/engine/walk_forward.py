"""Walk-forward optimisation: each window chooses parameters in sample, and trades them out of sample.

Every run starts flat and closes its open trade at its last bar. In-sample runs start with the initial capital,
out-of-sample runs with the cash that the previous window left. Signals and sessions are those of the whole range, so
indicators are warm at a window's start. A window is walked block by block.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tickfold.engine.accounting.account import Account
from tickfold.engine.accounting.holdings import Holdings
from tickfold.engine.accounting.ledger import Postings
from tickfold.engine.accounting.no_trades import NoTrades
from tickfold.engine.accounting.statement import Statement
from tickfold.engine.accounting.trades import Trades
from tickfold.engine.arrays import Floats, blocks
from tickfold.engine.backtest import AT_THE_NEXT_OPEN, BLOCK, Outcome
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import SessionCalendar
from tickfold.engine.carried_run import CarriedRun, share_market
from tickfold.engine.decisions.automaton import Decisions, decide
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.signal_events import signal_events
from tickfold.engine.performance.measurement import measure
from tickfold.engine.performance.metrics import Metrics
from tickfold.engine.signals import Signals
from tickfold.engine.sweep import rank

Block = tuple[Bars, Sequence[Signals]]
"""Consecutive bars, and the signals of each set of parameters at them."""
Blocks = Callable[[int, int], Iterable[Block]]
"""Returns the blocks that cover the bars from one number to another, exclusive."""


@dataclass(frozen=True)
class Window:
    """In-sample bars from `start` to `split`, out-of-sample bars from `split` to `stop`; ends are exclusive."""

    start: int
    split: int
    stop: int

    @property
    def edge_bars(self) -> list[int]:
        """The first and the last bar of each sample."""
        return [self.start, self.split - 1, self.split, self.stop - 1]


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


@dataclass(frozen=True)
class Walker:
    """What windows are walked with: so many `sets` of parameters, the sessions of the bars, and what to rank by."""

    blocks: Blocks
    sets: int
    calendar: SessionCalendar
    account: Account
    orders: Orders
    rank_by: str

    def choose(self, window: Window) -> tuple[int, Metrics]:
        """Return the number of the set that was the best in sample, and its metrics there."""
        runs = [self.run(self.account.capital) for _ in range(self.sets)]
        market, seen = share_market(runs), window.start
        for bars, signals in self.blocks(window.start, window.split):
            seen += len(bars)
            returns = market.update(bars.close)
            for run, own in zip(runs, signals, strict=True):
                run.post(bars, self._decide(bars, own), returns, last=seen == window.split)
        tried = [run.metrics() for run in runs]
        chosen = rank(tried, self.rank_by)[0]
        return chosen, tried[chosen]

    def run(self, capital: float) -> CarriedRun:
        """Return a run that begins with `capital` dollars and closes its open trade at its end."""
        return CarriedRun.start(replace(self.account, capital=capital, close_at_end=True), self.orders, self.calendar)

    def trade(self, run: CarriedRun, chosen: int, window: Window) -> Iterator[tuple[Bars, Postings]]:
        """Carry `run` over the window's out-of-sample bars with the `chosen` set, and yield it block by block."""
        seen = window.split
        for bars, signals in self.blocks(window.split, window.stop):
            seen += len(bars)
            decisions = self._decide(bars, signals[chosen])
            yield bars, run.post(bars, decisions, run.market.update(bars.close), last=seen == window.stop)

    def _decide(self, bars: Bars, signals: Signals) -> Decisions:
        return decide(bars, signal_events(signals, self.orders.direction), self.orders)


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

    def cut(start: int, stop: int) -> Iterator[Block]:
        for block in blocks(stop - start, BLOCK):
            within = slice(start + block.start, min(start + block.stop, stop))
            yield bars[within], [own[within] for own in signals]

    walker = Walker(cut, len(signals), bars.sessions, account, orders, rank_by)
    steps: list[Step] = []
    traded = _Traded()
    reasons: list[NoTrades | None] = []
    capital = account.capital
    for window in windows:
        chosen, in_sample = walker.choose(window)
        run, first = walker.run(capital), traded.bars
        for _, posted in walker.trade(run, chosen, window):
            traded.add(posted, first)
        capital = run.cash
        steps.append(Step(window, chosen, in_sample, run.metrics()))
        traded.close(run)
        reasons.append(run.no_trades())
    start, stop = windows[0].split, windows[-1].stop
    statement = traded.statement(account.capital)
    # If no window has a trade, the first one says why; its reason holds for what was traded there.
    no_trades = reasons[0] if all(reasons) else None
    metrics = measure(replace(bars[start:stop], calendar=bars.sessions), statement)
    return Walk(steps, start, stop, Outcome(statement, metrics, no_trades))


@dataclass
class _Traded:
    """The out-of-sample runs so far, one after the other, none of which leaves a trade open."""

    bars: int = 0
    equity: list[Floats] = field(default_factory=list)
    holdings: list[Holdings] = field(default_factory=list)
    trades: list[Trades] = field(default_factory=list)
    slippage_cost: float = 0.0
    sequential_bars: int = 0

    def add(self, posted: Postings, first: int) -> None:
        """Add the next block of the run whose first bar is `first`."""
        self.equity.append(posted.equity)
        self.holdings.append(posted.holdings.later(self.bars))
        self.trades.append(posted.trades.later(first))
        self.bars += len(posted.equity)

    def close(self, run: CarriedRun) -> None:
        self.slippage_cost += run.state.ledger.slippage_cost
        self.sequential_bars += run.state.ledger.sequential_bars

    def statement(self, capital: float) -> Statement:
        return Statement(
            capital=capital,
            trades=Trades.concatenate(self.trades),
            open_trade=None,
            holdings=Holdings.concatenate(self.holdings),
            equity=np.concatenate(self.equity),
            slippage_cost=self.slippage_cost,
            sequential_bars=self.sequential_bars,
        )
