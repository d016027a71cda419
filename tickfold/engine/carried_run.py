"""A run in the middle of its bars: its account, and what its metrics need, carried from block to block."""

from dataclasses import dataclass
from typing import Self

from tickfold.engine.accounting.account import Account
from tickfold.engine.accounting.ledger import Ledger, LedgerState, Postings
from tickfold.engine.accounting.no_trades import NoTrades
from tickfold.engine.arrays import Floats
from tickfold.engine.backtest import SignalSource, no_trades_of
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import SessionCalendar
from tickfold.engine.decisions.automaton import Decisions
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.market_returns import MarketReturns
from tickfold.engine.performance.activity import ActivityFigures
from tickfold.engine.performance.measurement import Measurement
from tickfold.engine.performance.metrics import Metrics


@dataclass
class RunState:
    """All that a run carries from one block of bars to the next. It is small, and can be saved."""

    ledger: LedgerState
    measurement: Measurement


class CarriedRun:
    """A run of `account` under `orders` after some of its bars, those that led to `state`."""

    def __init__(self, account: Account, orders: Orders, state: RunState) -> None:
        self.state = state
        self._ledger = Ledger(account, orders, state.ledger)

    @classmethod
    def start(cls, account: Account, orders: Orders, calendar: SessionCalendar) -> Self:
        """Return the run before its first bar; `calendar` has the sessions of its bars."""
        measurement = Measurement.start(account.capital, calendar)
        return cls(account, orders, RunState(Ledger(account, orders).state, measurement))

    @property
    def cash(self) -> float:
        """Dollars."""
        return self.state.ledger.cash

    @property
    def market(self) -> MarketReturns:
        """The returns of the market so far. Runs over the same bars may share them: see `share_market`."""
        return self.state.measurement.curve.market

    def share_market(self, market: MarketReturns) -> None:
        """Measure the run by a `market` that others add to."""
        self.state.measurement.curve.market = market

    def post(self, bars: Bars, decisions: Decisions, market_returns: Floats, *, last: bool) -> Postings:
        """Post the `decisions` over the next `bars`, as `Ledger.post` does, and measure what follows.

        `market_returns` are what `market` has returned for these bars.
        """
        posted = self._ledger.post(bars, decisions, last=last)
        self.state.ledger = self._ledger.state
        self.state.measurement.follow(bars.timestamp, posted.equity, market_returns, posted.trades)
        return posted

    def metrics(self) -> Metrics:
        """Return the metrics of a run that ends here."""
        return self.state.measurement.metrics(self._ledger.open_trade, self._ledger.slippage_cost)

    @property
    def slippage_cost(self) -> float:
        """Dollars, as of `Ledger.slippage_cost`."""
        return self._ledger.slippage_cost

    def activity(self) -> ActivityFigures:
        """Return what an account that ends here has done."""
        measurement = self.state.measurement
        return measurement.activity.figures(self._ledger.open_trade, measurement.curve.bars)

    def no_trades(self, strategy: SignalSource | None = None) -> NoTrades | None:
        """Return why no position was opened, or None if one was; `strategy` as in `backtest.run`."""
        return no_trades_of(self._ledger, strategy)


def share_market(runs: list[CarriedRun]) -> MarketReturns:
    """Measure all `runs`, over the same bars so far, by one market, that of the first; return it."""
    market = runs[0].market
    for run in runs:
        run.share_market(market)
    return market
