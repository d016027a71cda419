"""What the lake says of a bot's trades is what a backtest says of them, to the last bit."""

from tests.market_data.feed.market import HALF_DAY, minutes_of
from tests.trading.desk import PORTFOLIO, Desk, backtest_of, bot_of
from tickfold.portfolios.lake.checkpoint import Checkpoint
from tickfold.portfolios.lake.recording import recorded

BARS = minutes_of(HALF_DAY)[:40]


def test_trades_of_a_bot_are_those_of_its_backtest(desk: Desk) -> None:
    bot = bot_of(stopLoss=0.0005)
    desk.start(bot)
    desk.feed("GOOG", BARS, len(BARS))
    desk.trader().advance(PORTFOLIO)
    checkpoint, rows = Checkpoint.start(PORTFOLIO), []
    for entry in desk.portfolios.entries_after(PORTFOLIO, 0):
        checkpoint, of_entry = recorded(checkpoint, entry)
        rows += of_entry["portfolio_trades"]
    statement = backtest_of(bot, BARS).statement
    times = BARS.timestamp.tolist()
    assert len(rows) == len(statement.trades) > 3
    for row, trade in zip(rows, statement.trades, strict=True):
        assert (row["bot"], row["symbol"], row["side"]) == ("cross", "GOOG", "long" if trade.side > 0 else "short")
        assert (row["entry_time"], row["exit_time"]) == (times[trade.entry_bar], times[trade.exit_bar])
        for name in ("quantity", "entry_price", "exit_price", "pnl", "trade_return", "commission", "exit_reason"):
            assert row[name] == getattr(trade, name)
    assert checkpoint.open.bots.keys() == ({"cross"} if statement.open_trade else set())
