"""The trader steps bots as a backtest of the same bars does, whatever comes late, twice or not at all."""

from tests.market_data.feed.market import HALF_DAY, minutes_of
from tests.trading.desk import PORTFOLIO, Desk, assert_traded_like_a_backtest, bot_of


def test_bot_over_a_session_trades_like_a_backtest(desk: Desk) -> None:
    bars, bot = minutes_of(HALF_DAY), bot_of()
    desk.start(bot)
    trader = desk.trader()
    for count in (1, 2, 5, 17, 18, 60, 210):
        desk.feed("GOOG", bars, count)
        trader.advance(PORTFOLIO)
    assert assert_traded_like_a_backtest(desk, bot, bars).metrics.trades > 10
