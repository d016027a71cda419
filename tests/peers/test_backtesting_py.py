"""The engine against backtesting.py 0.6.6, run here and now on the bars that its wheel carries.

Everything that both can state must agree to 1e-8: each trade, each point of the curve, each metric. Where the peer
keeps another rule, a test of its own shows the rule, what it leads to, and that nothing else differs.
"""

from typing import Any, NamedTuple

import pandas as pd
import pytest
from backtesting.test import BTCUSD, EURUSD, GOOG
from numpy.testing import assert_allclose, assert_array_equal

from tests.peers.peer import AS_OURS, Rules, bars_of, run_peer, statistics_of
from tests.peers.signals import by_pandas
from tickfold.engine.accounting.account import Account, Commission
from tickfold.engine.backtest import Outcome, backtest
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.terms import Direction
from tickfold.strategies import BUILT_IN, Strategy

RELATIVE = 1e-8

pytestmark = [
    pytest.mark.filterwarnings("ignore:Some trades remain open:UserWarning"),
    pytest.mark.filterwarnings("ignore:Some prices are larger than initial cash:UserWarning"),
    pytest.mark.filterwarnings("ignore:DatetimeIndex.dayofweek is deprecated"),
    pytest.mark.filterwarnings("ignore:.*Broker canceled the relative-sized order:UserWarning"),
]


def cross(fast: int, slow: int) -> Strategy:
    return BUILT_IN.create("sma_cross", {"fast": fast, "slow": slow})


HOLD = BUILT_IN.create("buy_and_hold", {})


class Market(NamedTuple):
    """Bars that both run over, the cash that buys some, and strategies that trade on them."""

    frame: pd.DataFrame
    capital: float
    strategies: tuple[Strategy, ...]


MARKETS = {
    "GOOG daily": Market(
        GOOG,
        10_000,
        (
            HOLD,
            cross(10, 30),
            cross(5, 20),
            cross(50, 200),
            BUILT_IN.create("ema_cross", {"fast": 10, "slow": 30}),
            BUILT_IN.create("macd", {}),
            BUILT_IN.create("donchian_breakout", {}),
            BUILT_IN.create("momentum", {}),
            BUILT_IN.create("rsi_reversion", {}),
            BUILT_IN.create("bollinger_reversion", {}),
            BUILT_IN.create("vwap_reversion", {"band": 0.01, "session_bars": 1}),
        ),
    ),
    "EURUSD hourly": Market(
        EURUSD,
        10_000,
        (
            HOLD,
            cross(10, 30),
            cross(2, 5),
            cross(50, 200),
            BUILT_IN.create("ema_cross", {}),
            BUILT_IN.create("macd", {}),
            BUILT_IN.create("donchian_breakout", {"window": 55}),
            BUILT_IN.create("momentum", {"period": 24, "threshold": 0.005}),
            BUILT_IN.create("rsi_reversion", {"period": 7, "lower": 20, "upper": 80, "exit_level": 60}),
            BUILT_IN.create("bollinger_reversion", {"window": 24, "deviations": 2.5}),
            BUILT_IN.create("vwap_reversion", {"band": 0.003, "session_bars": 12}),
        ),
    ),
    "BTCUSD monthly": Market(
        BTCUSD,
        1_000_000,
        (
            HOLD,
            cross(3, 7),
            cross(2, 5),
            cross(10, 12),
            BUILT_IN.create("ema_cross", {"fast": 2, "slow": 6}),
            BUILT_IN.create("donchian_breakout", {"window": 3}),
            BUILT_IN.create("momentum", {"period": 6, "threshold": 0.1}),
        ),
    ),
}
COSTS = [(0.0, 0.0), (0.002, 0.0), (0.0, 0.001), (0.001, 0.0005)]
"""Commission and spread: none, each alone, and both."""

CASES = [
    pytest.param(market.frame, strategy, market.capital, id=f"{name} {strategy!r}")
    for name, market in MARKETS.items()
    for strategy in market.strategies
]
WHEN_HELD_AT_THE_END = ("exposure", "commissions")


def ours(frame: pd.DataFrame, strategy: Strategy, account: Account, direction: Direction = "both") -> Outcome:
    return backtest(bars_of(frame), strategy, account, Orders(direction))


def theirs(
    frame: pd.DataFrame,
    strategy: Strategy,
    account: Account,
    direction: Direction = "both",
    *,
    rules: Rules = AS_OURS,
    fractional_unit: float | None = None,
) -> Any:
    signals = by_pandas(frame, strategy)
    return run_peer(frame, signals, account, direction, rules=rules, fractional_unit=fractional_unit)


def assert_same_trades(outcome: Outcome, stats: Any) -> None:
    trades, peers = outcome.statement.trades, stats["_trades"]
    assert len(trades) == len(peers)
    assert_array_equal(trades.entry_bar, peers["EntryBar"])
    assert_array_equal(trades.exit_bar, peers["ExitBar"])
    for values, column in (
        (trades.side * trades.quantity, "Size"),
        (trades.entry_price, "EntryPrice"),
        (trades.exit_price, "ExitPrice"),
    ):
        assert_allclose(values, peers[column], rtol=RELATIVE, err_msg=column)


def assert_same_metrics(outcome: Outcome, stats: Any, but: tuple[str, ...] = ()) -> None:
    """Compare every metric that both have, except those named."""
    ours = outcome.metrics.as_dict()
    for name, value in statistics_of(stats).items():
        if name not in but:
            assert_allclose(ours[name], value, rtol=RELATIVE, err_msg=name)  # NaN equals NaN here


def assert_same(outcome: Outcome, stats: Any, but: tuple[str, ...] = ()) -> None:
    assert_same_trades(outcome, stats)
    assert_allclose(outcome.statement.equity, stats["_equity_curve"]["Equity"], rtol=RELATIVE)
    assert_same_metrics(outcome, stats, but)


def test_cases_include_every_strategy() -> None:
    assert {strategy.name for market in MARKETS.values() for strategy in market.strategies} == set(BUILT_IN.strategies)


@pytest.mark.parametrize("direction", ["both", "long", "short"])
@pytest.mark.parametrize(("commission", "spread"), COSTS)
@pytest.mark.parametrize(("frame", "strategy", "capital"), CASES)
def test_whole_shares_closed_at_end_match(
    *,
    frame: pd.DataFrame,
    strategy: Strategy,
    capital: float,
    commission: float,
    spread: float,
    direction: Direction,
) -> None:
    account = Account(capital, Commission(commission), spread)
    outcome = ours(frame, strategy, account, direction)
    stats = theirs(frame, strategy, account, direction)
    assert outcome.metrics.trades > 0 or (strategy is HOLD and direction == "short")
    assert_same(outcome, stats)


@pytest.mark.parametrize("direction", ["both", "long", "short"])
@pytest.mark.parametrize(("commission", "spread"), [COSTS[0], COSTS[-1]])
@pytest.mark.parametrize(("frame", "strategy", "capital"), CASES)
def test_open_trade_counts_in_exposure_and_commissions_here_only(
    *,
    frame: pd.DataFrame,
    strategy: Strategy,
    capital: float,
    commission: float,
    spread: float,
    direction: Direction,
) -> None:
    """The peer looks at closed trades alone. The bars were held and the fee was paid, so we count them."""
    account = Account(capital, Commission(commission), spread, close_at_end=False)
    outcome = ours(frame, strategy, account, direction)
    stats = theirs(frame, strategy, account, direction)
    assert_same(outcome, stats, WHEN_HELD_AT_THE_END)
    held, peers = outcome.statement.open_trade, statistics_of(stats)
    if held is None:
        assert_same(outcome, stats)
        return
    closed = outcome.statement.trades
    counted_already = len(closed) > 0 and int(closed.exit_bar[-1]) == held.entry_bar
    more = (len(frame) - held.entry_bar - counted_already) / len(frame)
    assert_allclose(outcome.metrics.exposure, peers["exposure"] + more, rtol=RELATIVE)
    assert_allclose(outcome.metrics.commissions, peers["commissions"] + held.commission, rtol=RELATIVE)


@pytest.mark.parametrize("direction", ["both", "long", "short"])
@pytest.mark.parametrize(("commission", "spread"), COSTS)
@pytest.mark.parametrize(
    ("frame", "strategy", "capital", "unit"),
    [
        pytest.param(GOOG, cross(10, 30), 10_000, 1e-12, id="GOOG daily"),
        pytest.param(EURUSD, cross(10, 30), 10_000, 1e-10, id="EURUSD hourly"),
        pytest.param(BTCUSD, cross(3, 7), 10_000, 1e-10, id="BTCUSD monthly"),
    ],
)
def test_fractional_shares_match_its_tiny_units(
    *,
    frame: pd.DataFrame,
    strategy: Strategy,
    capital: float,
    unit: float,
    commission: float,
    spread: float,
    direction: Direction,
) -> None:
    """The peer trades whole units of a share, here so small that what they leave in cash is far below 1e-8."""
    account = Account(capital, Commission(commission), spread, fractional_shares=True)
    outcome = ours(frame, strategy, account, direction)
    assert_same(outcome, theirs(frame, strategy, account, direction, fractional_unit=unit))


def test_too_little_cash_opens_nothing_in_both() -> None:
    account = Account(460)  # what a short at 445 leaves at 589 buys no share there nor at 393, but one at 286
    outcome = ours(BTCUSD, cross(3, 7), account)
    assert outcome.statement.trades.entry_price[:2].tolist() == [445.23, 286.11]
    assert_same(outcome, theirs(BTCUSD, cross(3, 7), account))


def test_first_possible_cross_is_traded_by_both() -> None:
    """The peer passes over the first bar with a slow average; a cross needs two, so nothing is lost by that."""
    at, slow = 69, 30  # the first cross of GOOG's 10 and 30
    frame = GOOG.iloc[at - slow : at + 60]
    outcome = ours(frame, cross(10, slow), Account(10_000))
    assert outcome.statement.trades[0].entry_bar == slow + 1
    assert_same(outcome, theirs(frame, cross(10, slow), Account(10_000)))


# --- where the peer keeps another rule -------------------------------------------------------------------------------


def test_ruined_account_is_a_debt_here_and_zero_there() -> None:
    """A short that has lost more than all is a debt; writing it off would make ruin look like a loss of 100 %."""
    account = Account(1_000_000)
    outcome = ours(BTCUSD, cross(5, 20), account)
    stats = theirs(BTCUSD, cross(5, 20), account)
    assert_same_trades(outcome, stats)
    equity, peers = outcome.statement.equity, stats["_equity_curve"]["Equity"].to_numpy()
    ruin = int((equity <= 0).argmax())
    assert_allclose(equity[:ruin], peers[:ruin], rtol=RELATIVE)
    assert not peers[ruin:].any()
    profits = stats["_trades"]["PnL"].sum()
    assert profits < -account.capital
    assert_allclose(equity[ruin:], account.capital + profits, rtol=RELATIVE)


def test_signal_at_last_bar_fills_there_at_an_earlier_open() -> None:
    """Closing all trades, the peer passes the last bar twice, and fills orders of its close at its open."""
    frame = GOOG.iloc[:86]  # ends with a cross of 10 and 30 to long
    account = Account(10_000)
    outcome = ours(frame, cross(10, 30), account)
    assert_same(outcome, theirs(frame, cross(10, 30), account))
    stats = theirs(frame, cross(10, 30), account, rules=Rules(fills_the_last_bars_signal=True))
    assert len(stats["_strategy"].trades) == 1
    assert stats["_strategy"].trades[0].entry_bar == 85
    assert outcome.statement.open_trade is None


def test_repeated_signal_reopens_the_position_there() -> None:
    """Both pay for that. Here a signal says which side to be on, so a second one to be long changes nothing."""
    account = Account(10_000, spread=0.001)
    outcome = ours(EURUSD, cross(2, 3), account)
    assert_same(outcome, theirs(EURUSD, cross(2, 3), account))
    stats = theirs(EURUSD, cross(2, 3), account, rules=Rules(repeats_a_side=True))
    assert statistics_of(stats)["trades"] == outcome.metrics.trades + 13
    assert statistics_of(stats)["final_equity"] < outcome.metrics.final_equity


def test_peer_ignores_the_spread_in_the_fee_and_overdraws() -> None:
    account = Account(10_000, commission=Commission(0.05), spread=0.05)
    rules = Rules(sizes_by_the_fee_of_the_price_before_the_spread=True)
    first = theirs(EURUSD, cross(10, 30), account, "long", rules=rules)["_trades"].iloc[0]
    trade = ours(EURUSD, cross(10, 30), account, "long").statement.trades[0]
    assert first["EntryPrice"] == pytest.approx(trade.entry_price)
    assert trade.quantity * trade.entry_price * 1.05 <= 10_000 < first["Size"] * first["EntryPrice"] * 1.05


def test_peer_holds_back_an_epsilon_of_the_cash() -> None:
    days = pd.date_range("2024-01-01", periods=5)
    flat = pd.DataFrame(dict.fromkeys(["Open", "High", "Low", "Close", "Volume"], 10.0), index=days)
    account = Account(100.0)
    assert ours(flat, HOLD, account).statement.trades.quantity.tolist() == [10]
    assert theirs(flat, HOLD, account)["_trades"]["Size"].tolist() == [9]


def test_dip_in_the_last_bit_is_a_drawdown_there() -> None:
    """It adds up open and closed profits where we add cash and shares: its curve is one bit below its peak for a while.

    The mean of drawdowns then has one more, of nothing.
    """
    strategy = BUILT_IN.create("rsi_reversion", {"period": 10, "lower": 25, "upper": 75, "exit_level": 50})
    account = Account(10_000, spread=0.001)
    outcome, stats = ours(EURUSD, strategy, account), theirs(EURUSD, strategy, account)
    means = ("average_drawdown", "average_drawdown_duration")
    assert_same(outcome, stats, means)
    assert statistics_of(stats)["average_drawdown"] * 4 == pytest.approx(outcome.metrics.average_drawdown * 3)
    dips = stats["_equity_curve"]["Equity"].iloc[33:61]
    assert 0 < 1 - dips.max() / stats["_equity_curve"]["Equity"].iloc[32] < 1e-15
