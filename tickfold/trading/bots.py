"""What a person does to bots: start, pause, resume and stop them, each in one transaction of the journal."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tickfold.errors import RunError
from tickfold.market_data.feed.minute_bar import TIMEFRAME
from tickfold.portfolios.store import PortfolioStore
from tickfold.protocol.formats import money
from tickfold.protocol.journal import Allocated, AllocationReturned, BotStep, JournalEvent
from tickfold.protocol.portfolios import Portfolio
from tickfold.strategies import Registry
from tickfold.trading.bot import Bot
from tickfold.trading.bot_run import BotRun
from tickfold.trading.bot_store import BotStore

MOST_BOTS: Final = 20
"""Of a portfolio, which have not ended: what all of them do in one bar is one message."""


@dataclass(frozen=True)
class Bots:
    """The bots of all portfolios, for those who own them."""

    portfolios: PortfolioStore
    bots: BotStore
    registry: Registry

    def start(self, bot: Bot, by: str) -> Bot:
        """Start a bot with an amount of its portfolio's cash. Idempotent: the same bot again is no second one.

        Raises:
            RunError: there is another bot of that id, the cash does not suffice, the portfolio may not trade or has too
                many bots, or the bot's strategy or timeframe is wrong.
            OvertakenError: the portfolio was changed meanwhile; nothing was written.
        """
        portfolio = self._portfolio(bot.portfolio)
        if (there := self._bots(bot.portfolio).get(bot.bot)) is not None:
            if there.bot.config == bot.config:
                return there.bot
            raise RunError(f"{portfolio.name} has another bot {bot.bot}: choose another id", "conflict")
        _check(portfolio, bot)
        run = BotRun.start(bot, self.registry)
        amount = bot.config.start_capital
        events: list[JournalEvent] = [
            Allocated(bot=bot.bot, symbol=bot.symbol, amount=amount),
            BotStep(bot=bot.bot, symbol=bot.symbol, time=max(bot.since // 1_000, 0), what="started"),
        ]
        self.portfolios.append(portfolio, events, by, writes=[self.bots.put(bot, run.state)])
        return bot

    def pause(self, portfolio: str, bot: str, by: str) -> Bot:
        """Ask its strategy no longer; what closes its position goes on. Idempotent.

        Raises:
            RunError: there is no such bot, or it is stopped.
            OvertakenError: the portfolio was changed meanwhile; nothing was written.
        """
        return self._changed(portfolio, bot, by, lambda run: run.pause(f"by {by}"))

    def resume(self, portfolio: str, bot: str, by: str, *, adopt_code: bool = False) -> Bot:
        """Let a paused bot trade again, with `adopt_code` by its strategy's new code. Idempotent.

        Raises:
            RunError: there is no such bot, or it is stopped, or its strategy is not what it was.
            OvertakenError: the portfolio was changed meanwhile; nothing was written.
        """

        def resumed(run: BotRun) -> None:
            if adopt_code:
                run.adopt_code()
            run.resume()

        return self._changed(portfolio, bot, by, resumed)

    def stop(self, portfolio: str, bot: str, by: str) -> Bot:
        """Close its position by the next bars, and give its cash back. Idempotent.

        Raises:
            RunError: there is no such bot.
            OvertakenError: the portfolio was changed meanwhile; nothing was written.
        """
        return self._changed(portfolio, bot, by, BotRun.stop)

    def _changed(self, portfolio: str, bot: str, by: str, change: Callable[[BotRun], None]) -> Bot:
        before, known = self._portfolio(portfolio), self._bots(portfolio)
        if bot not in known:
            raise RunError(f"{before.name} has no bot {bot}; it has: {', '.join(known) or 'none'}", "not_found")
        run = known[bot]
        change(run)
        events: list[JournalEvent] = list(run.told())
        if run.bot.ended and bot in before.bots:
            events.append(AllocationReturned(bot=bot, amount=run.state.cash))
        if events:
            self.portfolios.append(before, events, by, writes=[self.bots.put(run.bot, run.state)])
        return run.bot

    def _portfolio(self, portfolio: str) -> Portfolio:
        if found := self.portfolios.get(portfolio):
            return found
        raise RunError(f"there is no portfolio {portfolio}", "not_found")

    def _bots(self, portfolio: str) -> dict[str, BotRun]:
        return {stored.bot.bot: BotRun.stored(stored, self.registry) for stored in self.bots.of(portfolio)}


def _check(portfolio: Portfolio, bot: Bot) -> None:
    """Check that a portfolio may have a new bot.

    Raises:
        RunError: it may not; one reason says what would do.
    """
    name, amount = portfolio.name, bot.config.start_capital
    if bot.config.is_universe:
        raise RunError("a bot trades one symbol: make one for each")
    if bot.config.timeframe not in (None, TIMEFRAME):
        raise RunError(f"a bot trades the feed's bars of {TIMEFRAME}, not of {bot.config.timeframe}")
    if portfolio.status != "active":
        raise RunError(f"{name} is {portfolio.status} ({portfolio.reason}): lift that first", "conflict")
    limits = portfolio.limits
    if limits.symbols is not None and bot.symbol not in limits.symbols:
        raise RunError(f"{name} may not trade {bot.symbol}: its limits allow {', '.join(limits.symbols)}", "limit")
    if len(portfolio.bots) >= MOST_BOTS:
        raise RunError(f"{name} has {MOST_BOTS} bots, which is the limit: stop one first", "limit")
    if amount > portfolio.cash:
        raise RunError(
            f"{name} has ${money(portfolio.cash)} of cash, less than the ${money(amount)} that the bot is to have",
            "conflict",
        )
