"""A trading desk for tests: a feed of made-up minutes, a portfolio with bots, and the trader over them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.testing import assert_array_equal

from tests.market_data.feed.market import Market
from tickfold.backtests.planning import account_of, orders_of
from tickfold.engine.accounting.trades import OpenTrade, Trade
from tickfold.engine.backtest import Outcome, run
from tickfold.engine.bars import Bars, with_decimals
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.feed.feed import Feed
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.watch_list import Watched
from tickfold.market_data.series import utc
from tickfold.portfolios.journal import blank, rebuild
from tickfold.portfolios.placing import opened
from tickfold.portfolios.store import PortfolioStore
from tickfold.protocol import BacktestConfig
from tickfold.protocol.journal import BarSeen, BotStep, JournalEvent
from tickfold.protocol.portfolios import CreatePortfolio, Portfolio
from tickfold.strategies import BUILT_IN, Registry
from tickfold.strategies.code_version import code_version
from tickfold.trading.bot import NO_LAST_DAY, Bot
from tickfold.trading.bot_run import BotRun
from tickfold.trading.bot_store import BotStore
from tickfold.trading.bots import Bots
from tickfold.trading.tape import Tape
from tickfold.trading.trader import Trader

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

PORTFOLIO: Final = "growth-1"
CASH: Final = 100_000.0
MINUTE: Final = timedelta(minutes=1)


def bot_of(
    symbol: str = "GOOG", name: str = "cross", *, since: int = 0, registry: Registry = BUILT_IN, **config: Any
) -> Bot:
    """Return a bot whose averages cross often. It sees no bars before its first one, as a run does not."""
    terms = {
        "stock": symbol,
        "startDate": "1970-01-01",
        "endDate": f"{NO_LAST_DAY}",
        "startCapital": 10_000,
        "timeframe": "1m",
        "strategy": "sma_cross",
        "parameters": {"fast": 2, "slow": 5} if "strategy" not in config else {},
        "commission": 0.001,
        "closeAtEnd": False,
    }
    parsed = BacktestConfig.model_validate({**terms, **config})
    code = code_version(registry.strategies[parsed.strategy])
    return Bot(bot=name, portfolio=PORTFOLIO, config=parsed, code=code, since=since, warm=False)


@dataclass
class Desk:
    """The stores of a stack, and what works on them."""

    hot: HotStore
    lake: BarStore
    table: "Table"
    registry: Registry = BUILT_IN

    def __post_init__(self) -> None:
        self.portfolios, self.bots = PortfolioStore(self.table), BotStore(self.table)
        request = CreatePortfolio(name="growth", cash=CASH)
        self.portfolios.append(blank(PORTFOLIO), opened(PORTFOLIO, "ada", request), "ada")

    def start(self, *bots: Bot) -> None:
        for bot in bots:
            self.owner.start(bot, "ada")

    @property
    def owner(self) -> Bots:
        return Bots(self.portfolios, self.bots, self.registry)

    def trader(self, **more: Any) -> Trader:
        """Return a trader that has just started."""
        return Trader(self.portfolios, self.bots, Tape(self.hot, self.lake), self.registry, **more)

    def feed(self, symbol: str, bars: Bars, count: int) -> None:
        """Tick until the feed has the first `count` of `bars`."""
        end = utc(int(bars.timestamp[count - 1])) + MINUTE
        Feed(self.hot, Market(bars)).tick(Watched(symbol, "XNYS"), end)

    @property
    def portfolio(self) -> Portfolio:
        found = self.portfolios.get(PORTFOLIO)
        assert found
        return found

    def events(self) -> list[JournalEvent]:
        """Return all that the journal says, which must make the portfolio again."""
        entries = list(self.portfolios.entries_after(PORTFOLIO, 0))
        assert rebuild(entries) == self.portfolio
        return [event for entry in entries for event in entry.events]

    def steps(self, bot: str, *what: str) -> list[BotStep]:
        events = [event for event in self.events() if isinstance(event, BotStep) and event.bot == bot]
        return [event for event in events if not what or event.what in what]

    def equity(self, bot: str) -> list[float]:
        """Return the equity of a bot at each bar that the portfolio has seen."""
        return [event.bots[bot] for event in self.events() if isinstance(event, BarSeen) and bot in event.bots]

    def run_of(self, bot: str) -> BotRun:
        (found,) = [each for each in self.bots.of(PORTFOLIO) if each.bot.bot == bot]
        return BotRun.stored(found, self.registry)


def backtest_of(bot: Bot, bars: Bars, registry: Registry = BUILT_IN) -> Outcome:
    """Return the backtest of a bot's config over `bars`."""
    bars = with_decimals(bars)
    strategy = registry.create(bot.config.strategy, bot.config.parameters)
    return run(bars, strategy.signals(bars), account_of(bot.config), orders_of(bot.config), strategy)


def assert_traded_like_a_backtest(desk: Desk, bot: Bot, bars: Bars, *, equity: bool = True) -> Outcome:
    """Assert that a bot has done over `bars`, to the last bit, what a backtest does; return the backtest.

    Without `equity`, the portfolio had seen some of the bars before the bot did.
    """
    whole = backtest_of(bot, bars, desk.registry)
    statement, exits, entries = whole.statement, desk.steps(bot.bot, "exit"), desk.steps(bot.bot, "entry")
    trades, held = list(statement.trades), statement.open_trade
    assert [step.quantity for step in exits] == [trade.quantity for trade in trades]
    assert [step.price for step in exits] == [trade.exit_price for trade in trades]
    assert [step.commission for step in exits] == [trade.commission for trade in trades]
    assert [step.reason for step in exits] == [trade.exit_reason for trade in trades]
    assert [step.time * 1_000 for step in exits] == [bars.timestamp[trade.exit_bar] for trade in trades]
    opened: list[Trade | OpenTrade] = [*trades, *([held] if held else [])]
    assert [step.price for step in entries] == [trade.entry_price for trade in opened]
    assert [step.quantity for step in entries] == [trade.quantity for trade in opened]
    assert [step.time * 1_000 for step in entries] == [bars.timestamp[trade.entry_bar] for trade in opened]
    if equity:
        assert_array_equal(np.array(desk.equity(bot.bot)), statement.equity)
    state = desk.run_of(bot.bot).state
    assert (state.cash, state.shares, state.equity) == (statement.cash[-1], statement.shares[-1], statement.equity[-1])
    assert state.trades == len(trades)
    assert desk.portfolio.bots[bot.bot].equity == statement.equity[-1]
    return whole
