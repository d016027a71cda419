"""The trader: steps a portfolio's orders and bots over the bars that have come, and writes each batch in one piece.

Bars are pulled from their series, and what a batch has done to portfolio, journal and bots is one transaction, on
condition that the portfolio is as it was read. So whatever repeats, delays or loses a call, whoever else steps the same
portfolio, and wherever a process is killed: each bar is stepped once, in order, from the state before it.
docs/decisions/trader-pulls-bars.md has the rules.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tickfold.portfolios.store import OvertakenError, PortfolioStore
from tickfold.protocol.journal import TRADER, BotStep
from tickfold.protocol.portfolios import Portfolio
from tickfold.storage.dynamodb import Write
from tickfold.strategies import Registry
from tickfold.trading.batch import Batch
from tickfold.trading.bot import Bot
from tickfold.trading.bot_run import BotRun
from tickfold.trading.bot_store import BotStore
from tickfold.trading.tape import Tape

ATTEMPTS: Final = 10
"""How often a batch is stepped that others overtake. Each time, one of them has got on."""


@dataclass(frozen=True)
class Trader:
    """Steps portfolios over the bars of `tape`. `may_trade` says whether the stack lets bots trade now."""

    portfolios: PortfolioStore
    bots: BotStore
    tape: Tape
    registry: Registry
    may_trade: Callable[[], bool] = lambda: True

    def advance(self, portfolio: str) -> int:
        """Step all bars that are new to a portfolio; return how many transactions that took. Idempotent.

        Raises:
            OvertakenError: others changed the portfolio meanwhile, over and over.
        """
        written, overtaken = 0, 0
        while overtaken < ATTEMPTS:
            before = self.portfolios.get(portfolio)
            if before is None:
                return written
            writes, batch = self._carried_out(before)
            if not batch.events:
                return written
            try:
                self.portfolios.append(before, batch.events, TRADER, writes=writes)
            except OvertakenError:
                overtaken += 1
                continue
            written, overtaken = written + 1, 0
            if batch.is_last:
                return written
        raise OvertakenError(f"portfolio {portfolio} was changed {ATTEMPTS} times while its bars were stepped")

    def _carried_out(self, before: Portfolio) -> tuple[list[Write], Batch]:
        """Return the next batch of a portfolio, carried out, and the writes of its bots."""
        runs, broken = self._runs(before.portfolio)
        batch = Batch(before, runs, self.tape, may_trade=self.may_trade())
        batch.carry_out()
        for bot in broken:
            batch.record(BotStep(bot=bot.bot, symbol=bot.symbol, time=0, what="paused", reason=bot.reason))
        changed = [self.bots.put(run.bot, run.state) for run in runs if run.has_changed]
        return [*changed, *map(self.bots.put_definition, broken)], batch

    def _runs(self, portfolio: str) -> tuple[list[BotRun], list[Bot]]:
        """Return the bots of a portfolio, and those to be paused whose state cannot be read.

        They are read after the portfolio: if they are of a later revision, the transaction will not take place.
        """
        runs, broken = list[BotRun](), list[Bot]()
        for stored in self.bots.of(portfolio):
            try:
                runs.append(BotRun.stored(stored, self.registry))
            except ValueError as error:
                if stored.bot.trades:
                    reason = f"its state cannot be read: {error}; stop the bot, and make it anew from its run"
                    broken.append(stored.bot.moved("paused", reason))
        return runs, broken
