"""A portfolio with bots, in the tables of a stack."""

from datetime import UTC, date, datetime
from typing import Any

from embedded.stack import EmbeddedStack
from tickfold.market_data.series import microseconds
from tickfold.portfolios.journal import blank, rebuild
from tickfold.portfolios.placing import opened
from tickfold.portfolios.store import PortfolioStore
from tickfold.protocol import BacktestConfig
from tickfold.protocol.journal import BotStep, JournalEvent
from tickfold.protocol.portfolios import CreatePortfolio, Portfolio
from tickfold.strategies import BUILT_IN
from tickfold.strategies.code_version import code_version
from tickfold.trading.bot import NO_LAST_DAY, Bot
from tickfold.trading.bot_state import BotState
from tickfold.trading.bot_store import BotStore
from tickfold.trading.bots import Bots

NAME = "cross"


class BotsPortfolio:
    """A new portfolio, and its bot."""

    def __init__(self, stack: EmbeddedStack, portfolio: str) -> None:
        self.table = stack.cloud.table(stack.outputs["trading_table"])
        self.portfolio, self.portfolios, self.bots = portfolio, PortfolioStore(self.table), BotStore(self.table)
        self.owner = Bots(self.portfolios, self.bots, BUILT_IN)
        request = CreatePortfolio(name="bots", cash=50_000)
        self.portfolios.append(blank(self.portfolio), opened(self.portfolio, "trader", request), "trader")

    def start_bot(self, symbol: str, first_day: date = date(2025, 11, 28), **config: Any) -> None:
        """Start the bot, which begins with the symbol's first bar from that day on as a run does."""
        base = {"stock": symbol, "startDate": f"{first_day}", "endDate": f"{NO_LAST_DAY}", "startCapital": 10_000}
        parsed = BacktestConfig.model_validate(base | config)
        since = microseconds(datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC))
        code = code_version(BUILT_IN.strategies[parsed.strategy])
        bot = Bot(bot=NAME, portfolio=self.portfolio, config=parsed, code=code, since=since, warm=False)
        self.owner.start(bot, "trader")

    @property
    def found(self) -> Portfolio:
        """The portfolio as it is."""
        found = self.portfolios.get(self.portfolio)
        assert found
        return found

    def state(self) -> BotState:
        """Return what the bot's last step has left."""
        (found,) = self.bots.of(self.portfolio)
        return BotState.decoded(found.state)

    def events(self) -> list[JournalEvent]:
        """Return all that the journal says, which must make the portfolio again."""
        entries = list(self.portfolios.entries_after(self.portfolio, 0))
        assert rebuild(entries) == self.portfolios.get(self.portfolio)
        return [event for entry in entries for event in entry.events]

    def steps(self, what: str) -> list[BotStep]:
        """Return what the bot has done of a kind."""
        return [event for event in self.events() if isinstance(event, BotStep) and event.what == what]
