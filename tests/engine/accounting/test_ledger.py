"""The ledger: fills at the next open, costs, whole and fractional shares, the end of the run, ruin."""

import numpy as np
import pytest

from tickfold.engine.accounting.account import Account, Commission
from tickfold.engine.accounting.ledger import Ledger
from tickfold.engine.accounting.statement import Statement
from tickfold.engine.backtest import AT_THE_NEXT_OPEN, outcome_of
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.engine.decisions.automaton import decide
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.signal_events import SignalEvents
from tickfold.engine.performance.measurement import measure


def bars(open_: list[float], close: list[float]) -> Bars:
    opens, closes = np.array(open_, dtype=float), np.array(close, dtype=float)
    high, low = np.maximum(opens, closes), np.minimum(opens, closes)
    return Bars(np.arange(len(opens)) * MICROSECONDS_PER_DAY, opens, high, low, closes, np.ones(len(opens)))


Signalled = list[tuple[int, int]]


def settle(signalled: Signalled, bars: Bars, account: Account, orders: Orders = AT_THE_NEXT_OPEN) -> Statement:
    """Settle the decisions that follow from signals, given as pairs of a bar and a target side."""
    bar, side = zip(*signalled, strict=True) if signalled else ((), ())
    events = SignalEvents(np.array(bar, dtype=np.int64), np.array(side, dtype=np.int8))
    ledger = Ledger(account, orders)
    return outcome_of(ledger, bars, [(bars, decide(bars, events, orders))]).statement


STEADY = bars([10, 20, 30, 40], [11, 21, 31, 41])


def test_market_order_fills_at_next_open_with_whole_shares() -> None:
    statement = settle([(0, 1)], STEADY, Account(105, close_at_end=False))
    assert statement.open_trade is not None
    assert (statement.open_trade.quantity, statement.open_trade.entry_price) == (5, 20)
    assert statement.equity.tolist() == [105, 5 + 5 * 21, 5 + 5 * 31, 5 + 5 * 41]
    assert statement.shares.tolist() == [0, 5, 5, 5]


def test_fractional_shares_spend_all_cash() -> None:
    statement = settle([(0, 1)], STEADY, Account(105, fractional_shares=True, close_at_end=False))
    assert statement.open_trade is not None
    assert statement.open_trade.quantity == pytest.approx(5.25, rel=1e-15)
    assert statement.cash[-1] == pytest.approx(0, abs=1e-12)


def test_open_trade_is_closed_at_last_open() -> None:
    statement = settle([(0, 1)], STEADY, Account(100))
    (trade,) = statement.trades
    assert (trade.exit_bar, trade.exit_price, trade.exit_reason) == (3, 40, "end")
    assert statement.equity[-1] == 200


def test_signal_at_last_bar_is_not_filled() -> None:
    statement = settle([(3, 1)], STEADY, Account(100))
    assert statement.trades == []
    assert statement.equity.tolist() == [100] * 4


def test_short_gains_when_price_falls() -> None:
    falling = bars([10, 20, 15, 12], [10, 18, 14, 11])
    statement = settle([(0, -1), (1, 0)], falling, Account(100))
    (trade,) = statement.trades
    assert (trade.side, trade.quantity, trade.pnl, trade.trade_return) == (-1, 5, 25, 0.25)
    assert statement.equity.tolist() == [100, 200 - 5 * 18, 125, 125]


def test_reversal_closes_and_opens_at_one_open() -> None:
    statement = settle([(0, 1), (1, -1)], STEADY, Account(100, close_at_end=False))
    assert [(t.entry_bar, t.exit_bar, t.exit_price) for t in statement.trades] == [(1, 2, 30)]
    assert statement.open_trade is not None
    assert (statement.open_trade.side, statement.open_trade.entry_bar, statement.open_trade.quantity) == (-1, 2, 5)


def test_commission_is_paid_at_entry_and_exit_from_the_same_cash() -> None:
    # 100 buys four at 20 × 1.1 = 22 each, not five: the fee must be paid from the same cash.
    statement = settle([(0, 1), (1, 0)], STEADY, Account(100, commission=Commission(0.1)))
    (trade,) = statement.trades
    assert trade.quantity == 4
    assert trade.commission == pytest.approx(0.1 * 4 * 20 + 0.1 * 4 * 30)
    assert statement.commissions == trade.commission
    assert statement.equity[-1] == pytest.approx(100 + 4 * 10 - trade.commission)


@pytest.mark.parametrize(("side", "paid"), [(1, 22.0), (-1, 18.0)])
def test_spread_is_paid_at_entry_only(side: int, paid: float) -> None:
    statement = settle([(0, side), (1, 0)], STEADY, Account(100, spread=0.1))
    (trade,) = statement.trades
    assert trade.entry_price == pytest.approx(paid)
    assert trade.exit_price == 30


def test_too_little_cash_opens_nothing() -> None:
    statement = settle([(0, 1), (1, -1)], STEADY, Account(15))
    assert statement.trades == []
    assert statement.equity.tolist() == [15] * 4


def test_ruin_closes_the_position_and_ends_trading() -> None:
    rising = bars([10, 10, 15, 30, 1], [10, 11, 25, 30, 1])
    statement = settle([(0, -1), (3, 1)], rising, Account(100, commission=Commission(0.01)))
    (trade,) = statement.trades
    assert (trade.side, trade.exit_bar, trade.exit_price) == (-1, 2, 25)
    # Nine shares: brought 90, cost 225 to buy back, and 1 % of both.
    left = 100 + 90 - 225 - 0.01 * (90 + 225)
    assert statement.equity[2:].tolist() == pytest.approx([left] * 3)


def test_metrics_of_ruined_account_growth_is_nan() -> None:
    rising = bars([10, 10, 15, 30, 1], [10, 11, 25, 30, 1])
    metrics = measure(rising, settle([(0, -1)], rising, Account(100)))
    assert metrics.final_equity < 0
    assert metrics.total_return < -1
    for undefined in (metrics.annual_return, metrics.cagr, metrics.sharpe, metrics.sortino, metrics.beta):
        assert np.isnan(undefined)


def test_single_bar_has_equity_and_no_trades() -> None:
    one = bars([10], [11])
    metrics = measure(one, settle([(0, 1)], one, Account(100)))
    assert (metrics.final_equity, metrics.total_return, metrics.trades, metrics.exposure) == (100, 0, 0, 0)
    assert (metrics.buy_and_hold_return, metrics.max_drawdown) == (0, 0)
    assert np.isnan(metrics.annual_return)
    assert np.isnan(metrics.average_drawdown_duration)
