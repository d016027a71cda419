"""The trader steps bots as a backtest of the same bars does, whatever comes late, twice, at once or not at all."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from tests.market_data.feed.market import HALF_DAY, MONDAY, minutes_of
from tests.trading.desk import PORTFOLIO, Desk, assert_traded_like_a_backtest, backtest_of, bot_of
from tickfold.engine.signals import HOLD
from tickfold.market_data.feed.compaction import KEPT, Compaction
from tickfold.market_data.series import utc
from tickfold.protocol.journal import BarSeen

COUNT = 70
TWO_DAYS = minutes_of(HALF_DAY, MONDAY)
BARS = TWO_DAYS[:COUNT]
"""The first hour of a session, and a bit."""
NEXT_DAY = TWO_DAYS[np.r_[0:COUNT, 210:250]]
"""They, and the beginning of the next session: what came between, the exchange did not have."""


def test_bot_over_a_session_trades_like_a_backtest(desk: Desk) -> None:
    bot = bot_of()
    desk.start(bot)
    trader = desk.trader()
    for count in (1, 2, 5, 17, 18, 50, COUNT):
        desk.feed("GOOG", BARS, count)
        trader.advance(PORTFOLIO)
    assert assert_traded_like_a_backtest(desk, bot, BARS).metrics.trades > 5


@pytest.mark.parametrize(
    "terms",
    [
        {"strategy": "ema_cross"},
        {"strategy": "macd"},
        {"strategy": "rsi_reversion"},
        {"strategy": "vwap_reversion"},
        {"stopLoss": 0.001, "takeProfit": 0.002, "trailingStop": 0.0015, "maxBars": 9},
        {"fill": "close", "slippage": 0.0001, "spread": 0.0002},
        {"limit": 0.0005, "limitBars": 5, "fractionalShares": True},
        {"sizing": {"kind": "volatility", "value": 0.1, "bars": 10}, "direction": "short"},
        {"commission": {"perShare": 0.5, "minimum": 1}},
    ],
    ids=lambda terms: next(iter(terms)) + str(next(iter(terms.values())))[:12],
)
def test_bot_on_any_terms_trades_like_a_backtest(desk: Desk, terms: dict[str, Any]) -> None:
    bot = bot_of(**terms)
    desk.start(bot)
    # The last bar decides nothing: see the test of a bot's end.
    signals = desk.registry.create(bot.config.strategy, bot.config.parameters).signals(BARS)
    bars = BARS[: int(np.flatnonzero(signals == HOLD)[-1]) + 1]
    for count in (30, len(bars)):
        desk.feed("GOOG", bars, count)
        desk.trader().advance(PORTFOLIO)
    assert_traded_like_a_backtest(desk, bot, bars)


@pytest.mark.parametrize("close_at_end", [True, False])
def test_end_of_a_bot_is_the_result_of_a_run_whose_range_ends_there(desk: Desk, close_at_end: bool) -> None:
    bot = bot_of(closeAtEnd=close_at_end)
    desk.start(bot)
    desk.feed("GOOG", BARS, 40)
    desk.trader().advance(PORTFOLIO)
    ended, whole = desk.run_of("cross").ended(BARS[39:40]), backtest_of(bot, BARS[:40])
    assert (ended.equity, ended.cash) == (whole.statement.equity[-1], whole.statement.cash[-1])
    assert ended.open_trade == whole.statement.open_trade
    assert (ended.open_trade is None) == close_at_end


def test_two_bots_and_two_symbols_trade_apart(desk: Desk) -> None:
    other = minutes_of(HALF_DAY, seed=3)[:COUNT]
    bots = [bot_of(), bot_of(name="swing", parameters={"fast": 4, "slow": 9}), bot_of("MSFT", "msft")]
    desk.start(*bots)
    for count in (30, COUNT):
        desk.feed("GOOG", BARS, count)
        desk.feed("MSFT", other, count // 2)
        desk.trader().advance(PORTFOLIO)
    for bot, bars in zip(bots, (BARS, BARS, other[: COUNT // 2]), strict=True):
        assert_traded_like_a_backtest(desk, bot, bars)


def test_repeated_call_writes_nothing(desk: Desk) -> None:
    desk.start(bot_of())
    desk.feed("GOOG", BARS, 20)
    assert desk.trader().advance(PORTFOLIO) == 1
    before = desk.portfolio
    assert desk.trader().advance(PORTFOLIO) == 0
    assert desk.portfolio == before


def test_portfolio_that_does_not_exist_takes_no_bars(desk: Desk) -> None:
    assert desk.trader().advance("unknown") == 0


def test_bars_of_a_session_that_was_missed_are_made_up_for(desk: Desk) -> None:
    """Offline over a day, of which the hot table still has the bars."""
    bars, bot = NEXT_DAY, bot_of()
    desk.start(bot)
    desk.feed("GOOG", bars, 30)
    desk.trader().advance(PORTFOLIO)
    desk.feed("GOOG", bars, COUNT)
    desk.feed("GOOG", bars, len(bars))
    written = desk.trader().advance(PORTFOLIO)
    assert written > 1  # one transaction does not take so many
    assert_traded_like_a_backtest(desk, bot, bars)


def test_bars_that_only_the_lake_has_any_more_are_made_up_for(desk: Desk) -> None:
    """Offline until long after the compaction: neither the bars nor those before them are in the hot table."""
    bars, bot = NEXT_DAY, bot_of()
    desk.start(bot)
    desk.feed("GOOG", bars, 30)
    desk.trader().advance(PORTFOLIO)
    desk.feed("GOOG", bars, COUNT)
    later = utc(int(bars.timestamp[COUNT - 1])) + KEPT + timedelta(hours=1)
    assert Compaction(desk.hot, desk.lake).compact("GOOG", later) == COUNT
    assert list(desk.hot.bars_after("GOOG", 0)) == []
    desk.feed("GOOG", bars, len(bars))
    desk.trader().advance(PORTFOLIO)
    assert_traded_like_a_backtest(desk, bot, bars)


def test_trader_that_has_run_since_before_the_compaction_goes_on(desk: Desk) -> None:
    bars, bot, trader = NEXT_DAY, bot_of(), desk.trader()
    desk.start(bot)
    desk.feed("GOOG", bars, 30)
    trader.advance(PORTFOLIO)
    desk.feed("GOOG", bars, COUNT)
    later = utc(int(bars.timestamp[COUNT - 1])) + KEPT + timedelta(hours=1)
    Compaction(desk.hot, desk.lake).compact("GOOG", later)
    desk.feed("GOOG", bars, len(bars))
    trader.advance(PORTFOLIO)
    assert_traded_like_a_backtest(desk, bot, bars)


def test_gap_in_the_minutes_is_a_gap_in_the_backtest_too(desk: Desk) -> None:
    """A minute without a trade has no bar."""
    there = np.arange(COUNT) % 7 != 3
    bars, bot = BARS[there], bot_of()
    desk.start(bot)
    for count in (40, len(bars)):
        desk.feed("GOOG", bars, count)
        desk.trader().advance(PORTFOLIO)
    assert_traded_like_a_backtest(desk, bot, bars)


def test_bot_that_starts_in_the_past_catches_up_with_its_portfolio(desk: Desk) -> None:
    first, late = bot_of(), bot_of(name="late", parameters={"fast": 3, "slow": 7})
    desk.start(first)
    desk.feed("GOOG", BARS, 40)
    desk.trader().advance(PORTFOLIO)
    desk.start(late)
    desk.trader().advance(PORTFOLIO)
    assert desk.portfolio.bots["late"].equity == backtest_of(late, BARS[:40]).statement.equity[-1]
    desk.feed("GOOG", BARS, COUNT)
    desk.trader().advance(PORTFOLIO)
    assert_traded_like_a_backtest(desk, first, BARS)
    assert_traded_like_a_backtest(desk, late, BARS, equity=False)


def test_bot_that_starts_warm_signals_from_its_first_bar_on(desk: Desk) -> None:
    """As of a walk-forward: its strategy has seen what was before, and its account has not."""
    signals = desk.registry.create("sma_cross", {"fast": 2, "slow": 5}).signals(BARS)
    crosses = np.flatnonzero(signals != HOLD)
    cross = int(crosses[1:][np.diff(crosses) > 5][0])  # the bar before it is no cross
    first = cross - 1
    since = int(BARS.timestamp[first])
    warm = bot_of(since=since).model_copy(update={"warm": True})
    cold = bot_of(name="cold", since=since)
    desk.feed("GOOG", BARS, first)
    desk.start(warm, cold)
    desk.feed("GOOG", BARS, COUNT)
    desk.trader().advance(PORTFOLIO)
    assert desk.steps("cross", "entry")[0].time * 1_000 == BARS.timestamp[cross + 1]
    assert desk.steps("cold", "entry")[0].time * 1_000 > BARS.timestamp[cross + 1]
    assert_traded_like_a_backtest(desk, cold, BARS[first:])


def test_bar_is_seen_once_by_the_portfolio(desk: Desk) -> None:
    desk.start(bot_of(), bot_of(name="swing", parameters={"fast": 4, "slow": 9}))
    for count in (10, 10, 20):
        desk.feed("GOOG", BARS, count)
        desk.trader().advance(PORTFOLIO)
    seen = [event.number for event in desk.events() if isinstance(event, BarSeen)]
    assert seen == list(range(1, 21))
