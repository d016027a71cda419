"""Where a portfolio's orders say what a run's do, it has the run's fills, cash and equity, to the last bit.

A person reads the strategy's signals, and places at each close what the run's rules would: that is another decision
maker, and the same fills. Costs, gaps, stops, targets, trailing stops and limit orders are the run's.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from tests.engine.order_terms import OrderTerms
from tests.engine.random_runs import random_bars
from tests.portfolios.trading import NINE_THIRTY, Trading
from tickfold.engine.accounting.account import Account, Commission, Sizing
from tickfold.engine.backtest import run
from tickfold.engine.bars import Bars
from tickfold.engine.signals import FLAT, HOLD, LONG, SHORT, Signals
from tickfold.market_data.feed.minute_bar import minute_bars
from tickfold.portfolios import placing
from tickfold.portfolios.portfolio import equity, held
from tickfold.protocol.journal import AccountTerms, Fill, OrderPlaced
from tickfold.protocol.portfolio_orders import Order, Ordered

MINUTE = timedelta(minutes=1)
SHARES = 7.0
TARGETS = {LONG: 1, SHORT: -1, FLAT: 0}
NAMES = {1: "buy", -1: "sell"}


@dataclass
class Person:
    """Places orders at the closes, for what the signals ask."""

    bars: Bars
    terms: OrderTerms
    trading: Trading
    fills: list[Fill] = field(default_factory=list)
    equity: list[float] = field(default_factory=list)

    def trade(self, signals: Signals) -> None:
        last = len(self.bars) - 1
        for number, bar in enumerate(minute_bars(self.bars)):
            events = self.trading.bar(bar.open, bar.high, bar.low, bar.close, bar.volume)
            self.fills += [event for event in events if isinstance(event, Fill)]
            self.equity.append(equity(self.trading.portfolio))
            if number < last and (signal := int(signals[number])) != HOLD:
                self._aim(TARGETS[signal], number)

    def _aim(self, target: int, decided: int) -> None:
        """Order what leads to the target position, unless it is held or ordered."""
        portfolio = self.trading.portfolio
        holding = np.sign(held(portfolio, "GOOG"))
        pending = [order for order in portfolio.orders.values() if order.parent is None]
        if pending and pending[0].sign != target:
            self.trading.cancel(pending[0].order_id)
            pending = []
        if holding and holding != target:
            self.trading.write(placing.closed(self.trading.portfolio, "GOOG", f"close{decided}", self.trading.moment))
        if target and holding != target and not pending:
            self._enter(target, decided)

    def _enter(self, side: int, decided: int) -> None:
        terms = self._order(side, decided)
        order = Order(
            order_id=f"enter{decided}",
            number=self.trading.portfolio.orders_placed + 1,
            terms=Ordered.model_validate({"symbol": "GOOG", "side": NAMES[side], "quantity": SHARES, **terms}),
            status="working",
            placed_at=self.trading.moment.now,
            active_from=self.trading.moment.active_from,
        )
        # As it is, since the levels are those of a price to come, which no person knows.
        self.trading.write([OrderPlaced(order=order, quote=self.trading.moment.quote)])

    def _order(self, side: int, decided: int) -> dict[str, Any]:
        terms, entry = self.terms, self._entry(side, decided)
        order: dict[str, Any] = {"time_in_force": "gtc"}
        if terms.limit is not None:
            order |= {"kind": "limit", "limit": float(self.bars.close[decided] * (1 - side * terms.limit))}
        if entry is None:
            return order
        if terms.take_profit is not None:
            order["take_profit"] = entry * (1 + side * terms.take_profit)
        if terms.stop_loss is not None:
            order["stop_loss"] = entry * (1 - side * terms.stop_loss)
        elif terms.trailing_stop is not None:
            order["stop_loss_trail"] = terms.trailing_stop
        return order

    def _entry(self, side: int, decided: int) -> float | None:
        """Return the market price of an entry that is decided then; None if nothing fills."""
        bars, after = self.bars, range(decided + 1, len(self.bars))
        if self.terms.limit is None:
            return float(bars.open[decided + 1])
        limit = float(bars.close[decided] * (1 - side * self.terms.limit))
        for bar in after:
            if side * (bars.low if side > 0 else bars.high)[bar] <= side * limit:
                return float(bars.open[bar]) if side * bars.open[bar] <= side * limit else limit
        return None


@st.composite
def markets(draw: st.DrawFn) -> tuple[Bars, Signals]:
    """Bars of minutes that follow one another, with prices on a grid or off it, and signals."""
    seed, count = draw(st.integers(0, 10_000)), draw(st.integers(2, 60))
    bars = random_bars(seed, count, draw(st.sampled_from([1, 2, 8])), draw(st.booleans()))
    signals = np.random.default_rng(seed).choice([HOLD, LONG, SHORT, FLAT], count, p=[0.7, 0.12, 0.1, 0.08])
    return replace(bars, low=np.maximum(bars.low, 0.01)), signals.astype(np.int8)


@st.composite
def order_terms(draw: st.DrawFn) -> OrderTerms:
    stop, trailing = draw(st.sampled_from([(None, None), (0.05, None), (0.3, None), (None, 0.1)]))
    return OrderTerms(
        limit=draw(st.sampled_from([None, None, 0.0, 0.02, 0.1])),
        take_profit=draw(st.sampled_from([None, 0.05, 0.5])),
        stop_loss=stop,
        trailing_stop=trailing,
    )


ACCOUNTS = st.builds(
    Account,
    capital=st.just(1_000_000.0),
    commission=st.sampled_from([Commission(), Commission(relative=0.001), Commission(0.0, 0.01, 1.0, 2.0)]),
    spread=st.sampled_from([0.0, 0.0007]),
    slippage=st.sampled_from([0.0, 0.0003]),
    sizing=st.just(Sizing("shares", SHARES)),
    close_at_end=st.just(False),
)


@settings(suppress_health_check=list(HealthCheck))
@given(markets(), order_terms(), ACCOUNTS)
def test_orders_of_a_run_fill_as_in_the_run(market: tuple[Bars, Signals], terms: OrderTerms, account: Account) -> None:
    bars, signals = market
    expected = run(bars, signals, account, terms.orders).statement

    charged = account.commission
    costs = AccountTerms(
        commission={  # type: ignore[arg-type]  # pydantic reads it
            "relative": charged.relative,
            "perShare": charged.per_share,
            "fixed": charged.fixed,
            "minimum": charged.minimum,
        },
        spread=account.spread,
        slippage=account.slippage,
    )
    person = Person(bars, terms, Trading(cash=account.capital, terms=costs))
    person.trade(signals)

    assert_array_equal(person.equity, expected.equity)
    exits = [fill for at, fill in enumerate(person.fills) if at % 2]
    entries = person.fills[::2]
    trades = expected.trades
    assert [fill.price for fill in exits] == trades.exit_price.tolist()
    assert [fill.price for fill in entries][: len(exits)] == trades.entry_price.tolist()
    assert [_bar_of(fill) for fill in exits] == trades.exit_bar.tolist()
    assert [_bar_of(fill) for fill in entries][: len(exits)] == trades.entry_bar.tolist()
    assert len(entries) - len(exits) == (expected.open_trade is not None)


def _bar_of(fill: Fill) -> int:
    return (fill.time - int(NINE_THIRTY.timestamp() * 1_000)) // 60_000
