"""The requests about bots. Each is decided on portfolio and bot as they are read, and written on condition that they
still are so."""

import json
from dataclasses import dataclass
from typing import Final, assert_never

from tickfold.backtests.following import visible_run
from tickfold.backtests.run import Run
from tickfold.backtests.run_store import RunStore
from tickfold.errors import RunError
from tickfold.identity.user import User
from tickfold.market_data.feed.minute_bar import TIMEFRAME
from tickfold.portfolios.market_time import MarketTime
from tickfold.portfolios.overtaken import until_written
from tickfold.portfolios.ownership import owned
from tickfold.portfolios.store import PortfolioStore
from tickfold.protocol import BacktestConfig, parse_config
from tickfold.protocol.bots import (
    BotChange,
    BotMessage,
    BotRequest,
    BotsMessage,
    BotSummary,
    BotView,
    CreateBot,
    GetBot,
    ListBots,
    PauseBot,
    ResumeBot,
    SetBotLimits,
    StopBot,
)
from tickfold.protocol.portfolios import Portfolio
from tickfold.realtime.caller import Caller
from tickfold.realtime.message_size import fitting
from tickfold.strategies.code_version import code_version
from tickfold.trading.bot import NO_LAST_DAY, Bot
from tickfold.trading.bot_store import StoredBot
from tickfold.trading.bots import Bots

_BYTES_BESIDE_ROWS: Final = 1_000


@dataclass(frozen=True)
class BotRequests:
    """Carries out the requests about bots, for the owners of their portfolios."""

    bots: Bots
    runs: RunStore
    market: MarketTime

    def carry_out(self, caller: Caller, request: BotRequest) -> None:
        """Carry out a request, and send the bot or the bots.

        Raises:
            RunError: the request is against a rule, or the caller has no such portfolio, bot or run. Nothing is
                changed.
        """
        user = caller.user
        if not isinstance(request, ListBots | GetBot):
            until_written(request.portfolio, lambda: self._change(user, request))
        portfolio = owned(self._portfolios, user.user_id, request.portfolio)
        if isinstance(request, ListBots):
            caller.reply(self._listed(portfolio))
        else:
            caller.reply(self._message(portfolio, self.bots.find(portfolio.portfolio, request.bot)))

    @property
    def _portfolios(self) -> PortfolioStore:
        return self.bots.portfolios

    def _change(self, user: User, request: BotChange) -> Bot:
        by = user.user_id
        portfolio = owned(self._portfolios, by, request.portfolio).portfolio
        match request:
            case CreateBot():
                return self._create(user, portfolio, request)
            case PauseBot():
                return self.bots.pause(portfolio, request.bot, by)
            case ResumeBot():
                return self.bots.resume(portfolio, request.bot, by, adopt_code=request.adopt_code)
            case StopBot():
                stop = self.bots.stop if request.positions == "close" else self.bots.hand_over
                return stop(portfolio, request.bot, by)
            case SetBotLimits():
                return self.bots.limit(portfolio, request.bot, request.limits, by)
            case _:
                assert_never(request)

    def _create(self, user: User, portfolio: str, request: CreateBot) -> Bot:
        run, tested = None, request.config
        if tested is None:
            run = visible_run(self.runs, user, request.from_run or "")
            tested = _tested(run)
        config = _endless(tested, request.capital)
        code = code_version(type(self.bots.registry.create(config.strategy, config.parameters)))
        if run and run.code not in (None, code) and not request.adopt_code:
            raise RunError(
                f"run {run.run_id} tested code {run.code} of strategy {config.strategy}, which is now {code}: run it "
                "again, or create the bot with adoptCode to trade by what was not tested",
                "conflict",
            )
        bot = Bot(
            bot=request.bot,
            portfolio=portfolio,
            config=config,
            code=code,
            since=0,
            warm=request.warm,
            limits=request.limits,
            from_run=request.from_run,
            run_code=run.code if run else None,
        )
        since = self.market.moment(bot.symbol).active_from * 1_000
        return self.bots.start(bot.model_copy(update={"since": since}), user.user_id)

    def _message(self, portfolio: Portfolio, stored: StoredBot) -> BotMessage:
        return BotMessage(sequence=portfolio.revision, portfolio=portfolio.portfolio, bot=view_of(stored))

    def _listed(self, portfolio: Portfolio) -> BotsMessage:
        found = sorted(self.bots.bots.of(portfolio.portfolio), key=lambda each: each.bot.ended)
        rows = fitting(map(summary_of, found), reserved=_BYTES_BESIDE_ROWS)
        return BotsMessage(sequence=portfolio.revision, portfolio=portfolio.portfolio, bots=rows)


def summary_of(stored: StoredBot) -> BotSummary:
    """Return the row of a bot in a list."""
    bot, figures = stored.bot, stored.figures
    return BotSummary(
        bot=bot.bot,
        symbol=bot.symbol,
        strategy=bot.config.strategy,
        status=bot.status,
        reason=bot.reason,
        capital=bot.config.start_capital,
        equity=figures.equity,
        profit=figures.equity - bot.config.start_capital,
        cash=figures.cash,
        shares=figures.shares,
        trades=figures.trades,
        last_bar=figures.last_bar,
    )


def view_of(stored: StoredBot) -> BotView:
    """Return what a bot's owner sees of it."""
    bot, figures = stored.bot, stored.figures
    return BotView(
        **dict(summary_of(stored)),
        config=bot.config,
        code=bot.code,
        from_run=bot.from_run,
        run_code=bot.run_code,
        since=bot.since // 1_000,
        warm=bot.warm,
        limits=bot.limits,
        bars=figures.bars,
        entry_price=figures.entry_price or None,
        peak_equity=figures.peak,
        day_start_equity=figures.day_start,
    )


def _tested(run: Run) -> BacktestConfig:
    """Return the config that a run has tested.

    Raises:
        RunError: it has no result, or is a sweep.
    """
    config = parse_config(json.loads(run.request))
    if not isinstance(config, BacktestConfig):
        raise RunError(f"run {run.run_id} is a sweep of several configs: run the one that the bot is to trade")
    if run.status != "succeeded":
        raise RunError(f"run {run.run_id} is {run.status}: give one that has succeeded", "conflict")
    return config


def _endless(config: BacktestConfig, capital: float | None) -> BacktestConfig:
    """Return a config as a bot trades it: without a last day, and by prices as they are."""
    given = {} if capital is None else {"start_capital": capital}
    known = {"timeframe": config.timeframe or TIMEFRAME, "adjustment": "raw", "end_date": NO_LAST_DAY, "chunks": None}
    return config.model_copy(update={**known, **given})
