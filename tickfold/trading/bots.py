"""What a person does to bots: start, pause, resume, limit and stop them, each in one transaction of the journal."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from tickfold.errors import RunError
from tickfold.market_data.feed.minute_bar import TIMEFRAME
from tickfold.portfolios.portfolio import held
from tickfold.portfolios.risk import check_hours
from tickfold.portfolios.store import PortfolioStore
from tickfold.protocol.formats import money
from tickfold.protocol.journal import (
    Allocated,
    AllocationReturned,
    BotLimits,
    BotStep,
    JournalEvent,
    PositionKept,
)
from tickfold.protocol.portfolios import Portfolio
from tickfold.protocol.spelling import suggestion
from tickfold.strategies import Registry
from tickfold.trading.bot import Bot
from tickfold.trading.bot_run import BotRun
from tickfold.trading.bot_store import BotFigures, BotStore, StoredBot

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
                many bots, or the bot's strategy, timeframe or limits are wrong.
            OvertakenError: the portfolio was changed meanwhile; nothing was written.
        """
        portfolio = self._portfolio(bot.portfolio)
        if (there := self.bots.get(bot.portfolio, bot.bot)) is not None:
            if _same(there.bot, bot):
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
            RunError: there is no such bot, or its state cannot be read.
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

    def limit(self, portfolio: str, bot: str, limits: BotLimits, by: str) -> Bot:
        """Set its limits. Idempotent.

        Raises:
            RunError: there is no such bot, or it is stopped, or the limits contradict themselves.
            OvertakenError: the portfolio was changed meanwhile; nothing was written.
        """
        check_hours(limits.hours)
        return self._changed(portfolio, bot, by, lambda run: run.limit(limits))

    def stop(self, portfolio: str, bot: str, by: str) -> Bot:
        """Close its position by the next bars, and give its cash back. Idempotent.

        Raises:
            RunError: there is no such bot, or its state cannot be read.
            OvertakenError: the portfolio was changed meanwhile; nothing was written.
        """
        return self._changed(portfolio, bot, by, BotRun.stop)

    def hand_over(self, portfolio: str, bot: str, by: str) -> Bot:
        """Stop it at once: its position and its cash become the portfolio's. Idempotent.

        That needs no more than its figures, so it is the end of a bot, too, whose state cannot be read.

        Raises:
            RunError: there is no such bot, or the portfolio holds the symbol on the other side.
            OvertakenError: the portfolio was changed meanwhile; nothing was written.
        """
        try:
            return self._changed(portfolio, bot, by, BotRun.end)
        except UnreadableBotError:
            before, stored = self._portfolio(portfolio), self.find(portfolio, bot)
            if stored.bot.ended:
                return stored.bot
            ended = stored.bot.moved("stopped")
            time = stored.figures.last_bar or 0
            events = [BotStep(bot=bot, symbol=ended.symbol, time=time, what="stopped"), *_given_back(before, stored)]
            self.portfolios.append(before, events, by, writes=[self.bots.put_definition(ended)])
            return ended

    def _changed(self, portfolio: str, bot: str, by: str, change: Callable[[BotRun], None]) -> Bot:
        before, stored = self._portfolio(portfolio), self.find(portfolio, bot)
        try:
            run = BotRun.stored(stored, self.registry)
        except ValueError as error:
            raise UnreadableBotError(
                f"the state of bot {bot} cannot be read: {error}; stop it with positions `keep`", "conflict"
            ) from None
        change(run)
        events: list[JournalEvent] = list(run.told())
        if run.bot.ended:
            events += _given_back(before, StoredBot(run.bot, BotFigures.of(run.state), b""))
        if events:
            self.portfolios.append(before, events, by, writes=[self.bots.put(run.bot, run.state)])
        return run.bot

    def _portfolio(self, portfolio: str) -> Portfolio:
        if found := self.portfolios.get(portfolio):
            return found
        raise RunError(f"there is no portfolio {portfolio}", "not_found")

    def find(self, portfolio: str, bot: str) -> StoredBot:
        """Return a bot of a portfolio.

        Raises:
            RunError: there is no such bot.
        """
        if found := self.bots.get(portfolio, bot):
            return found
        known = [each.bot.bot for each in self.bots.of(portfolio)]
        there = f"it has: {', '.join(known)}" if known else "it has none: see `tickfold bot create`"
        raise RunError(f"the portfolio has no bot {bot}{suggestion(bot, known)}; {there}", "not_found")


class UnreadableBotError(RunError):
    """The state of a bot is damaged, or of another version of the engine."""


def _same(there: Bot, bot: Bot) -> bool:
    return (there.config, there.warm, there.from_run) == (bot.config, bot.warm, bot.from_run)


def _given_back(portfolio: Portfolio, ended: StoredBot) -> Iterator[JournalEvent]:
    """Yield what a portfolio gets of a bot that has ended, unless it has it.

    Raises:
        RunError: the bot's position cannot become the portfolio's own, which is of the other side.
    """
    bot, figures = ended.bot, ended.figures
    if bot.bot not in portfolio.bots:
        return
    if figures.shares:
        _check_side(portfolio, ended)
        yield PositionKept(
            bot=bot.bot, symbol=bot.symbol, quantity=figures.shares, price=figures.entry_price, cash=figures.cash
        )
    else:
        yield AllocationReturned(bot=bot.bot, amount=figures.cash)


def _check_side(portfolio: Portfolio, stored: StoredBot) -> None:
    """Check that a bot's position can become the portfolio's own.

    Raises:
        RunError: that is of the other side.
    """
    own = held(portfolio, stored.bot.symbol)
    if own * stored.figures.shares < 0:
        sides = ("long", "short") if own > 0 else ("short", "long")
        raise RunError(
            f"{portfolio.name} is {sides[0]} in {stored.bot.symbol}, and its bot {stored.bot.bot} {sides[1]}: close "
            "one of the positions first, or stop the bot with positions `close`",
            "conflict",
        )


def _check(portfolio: Portfolio, bot: Bot) -> None:
    """Check that a portfolio may have a new bot.

    Raises:
        RunError: it may not; one reason says what would do.
    """
    name, amount = portfolio.name, bot.config.start_capital
    check_hours(bot.limits.hours)
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
