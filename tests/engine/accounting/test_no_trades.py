"""Why a run has no trades: the first cause that holds, with its numbers."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given

from tests.engine.random_runs import PROPERTY, Case, cases, random_strategies
from tickfold.engine.accounting.account import Account, Commission, Sizing
from tickfold.engine.accounting.no_trades import NoTrades
from tickfold.engine.backtest import backtest
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.engine.decisions.entries import SAME_CLOSE, LimitEntry
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.signals import FLAT, HOLD, LONG, SHORT, Signals

AFFORDABLE = Account(capital=1_000.0)


@dataclass(frozen=True)
class Given:
    """Signals by bar, HOLD elsewhere."""

    at: dict[int, int]
    lookback: int = 0
    uses_volume: bool = False

    def signals(self, bars: Bars) -> Signals:
        signals = np.full(len(bars), HOLD, dtype=np.int8)
        for bar, signal in self.at.items():
            signals[bar] = signal
        return signals


def bars(count: int = 5, price: float = 100.0, volume: float = 1.0) -> Bars:
    close = np.full(count, price)
    times = np.arange(count) * MICROSECONDS_PER_DAY
    return Bars(times, close, close + 1, close - 1, close, np.full(count, volume))


def why(strategy: Given, account: Account = AFFORDABLE, over: Bars | None = None, **orders: Any) -> NoTrades | None:
    return backtest(bars() if over is None else over, strategy, account, Orders(**orders)).no_trades


def test_run_with_a_trade_has_no_cause() -> None:
    assert why(Given({1: LONG})) is None
    assert why(Given({1: LONG}), replace(AFFORDABLE, close_at_end=False)) is None


@pytest.mark.parametrize(
    ("strategy", "over", "cause", "reason"),
    [
        (Given({}), bars(), "no_signal", "the strategy gave no signal to enter a position on 5 bars"),
        (Given({0: FLAT}), bars(1), "no_signal", "the strategy gave no signal to enter a position on 1 bar"),
        (Given({}), bars(volume=0), "no_signal", "no signal to enter a position on 5 bars; all of them have volume 0"),
        (
            Given({}, lookback=5),
            bars(),
            "warm_up",
            "the warm-up is longer than the range: the strategy looks back 5 bars and so needs 6, the range has 5",
        ),
        (Given({}, lookback=4), bars(), "no_signal", "on 5 bars"),
        (
            Given({}, lookback=9, uses_volume=True),
            bars(volume=0),
            "no_volume",
            "all 5 bars have volume 0, and the strategy's signals depend on volume",
        ),
        (Given({}, uses_volume=True), bars(), "no_signal", "on 5 bars"),
        (Given({4: LONG}), bars(), "last_bar", "the first signal to enter came at the last bar, 1970-01-05"),
    ],
)
def test_signals_that_lead_to_no_order_are_told(strategy: Given, over: Bars, cause: str, reason: str) -> None:
    found = why(strategy, over=over)
    assert found is not None
    assert found.cause == cause
    assert reason in found.reason


def test_side_that_is_not_held_is_told() -> None:
    found = why(Given({1: SHORT}), direction="long")
    assert found == NoTrades("no_signal", "the strategy gave no signal to enter a long position on 5 bars")


def test_signal_at_the_last_close_is_not_carried_out() -> None:
    assert why(Given({3: LONG}), fill=SAME_CLOSE) is None
    found = why(Given({4: LONG}), fill=SAME_CLOSE)
    assert found is not None
    assert found.cause == "last_bar"


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        ({1: LONG}, "the limit order was not filled: no price reached a limit"),
        ({1: LONG, 2: FLAT, 3: SHORT}, "none of the 2 limit orders was filled: no price reached a limit"),
    ],
)
def test_limit_orders_that_never_fill_are_counted(at: dict[int, int], reason: str) -> None:
    found = why(Given(at), entry=LimitEntry(0.05))
    assert found == NoTrades("unfilled", reason)


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        (
            Account(capital=99.5),
            "not enough cash for one share: at the first order, filled 1970-01-03, one cost 100.00, "
            "and the cash is 99.50",
        ),
        (
            Account(capital=100.0, commission=Commission(relative=0.01, fixed=2)),
            "one cost 103.00 with its commission, and the cash is 100.00",
        ),
        (
            Account(capital=104.0, commission=Commission(minimum=5)),
            "one cost 105.00 with its commission, and the cash is 104.00",
        ),
        (
            Account(capital=150.0, sizing=Sizing("fraction", 0.5)),
            "one cost 100.00, and the order may use 75.00 of the cash, 150.00",
        ),
        (
            Account(capital=150.0, sizing=Sizing("cash", 60)),
            "one cost 100.00, and the order may use 60.00 of the cash, 150.00",
        ),
        (Account(capital=100.0, spread=0.02), "one cost 102.00, and the cash is 100.00"),
        (
            Account(capital=4.0, commission=Commission(fixed=5), fractional_shares=True),
            "the commission of 5.00 took all of the 4.00 to spend",
        ),
    ],
)
def test_cash_that_does_not_pay_is_told_with_price_and_cash(account: Account, reason: str) -> None:
    found = why(Given({1: LONG}), account)
    assert found is not None
    assert found.cause == "cash"
    assert reason in found.reason


def test_size_below_one_share_is_told() -> None:
    found = why(Given({1: LONG}), Account(capital=1_000.0, sizing=Sizing("shares", 0.5)))
    assert found == NoTrades("size", "the size, 0.5 shares, is less than one share")


def test_volatility_that_cannot_be_measured_is_told() -> None:
    found = why(Given({0: LONG, 1: FLAT}), Account(capital=1_000.0, sizing=Sizing("volatility", 0.2)))
    assert found is not None
    assert found.cause == "volatility"
    assert "no volatility could be measured yet" in found.reason


@PROPERTY
@given(cases(random_strategies()))
def test_cause_is_the_same_whatever_the_cut(case: Case) -> None:
    poor = replace(case, account=replace(case.account, capital=1.0, fractional_shares=False))
    whole = poor.whole()
    assume(whole.no_trades is not None)
    assert poor.folded().outcome.no_trades == whole.no_trades
