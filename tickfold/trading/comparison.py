"""Comparison: what a bot has done, beside the run of its config over the same bars, to the last bit.

The bot's part is what its journal has told bar by bar. A run does a few things otherwise at its last bar, where a bot
goes on; so there the bot's part is what a run would report that ended there (`tickfold.engine.stepping`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from tickfold.backtests.planning import account_of, orders_of
from tickfold.engine.accounting.trades import OpenTrade, Trade
from tickfold.engine.arrays import Floats
from tickfold.engine.backtest import run as backtest
from tickfold.errors import RunError
from tickfold.market_data.series import utc
from tickfold.protocol.journal import BarSeen, BotStep, JournalEntry
from tickfold.strategies import Registry
from tickfold.strategies.code_version import code_version
from tickfold.strategies.evaluation import evaluate
from tickfold.trading.bot import Bot
from tickfold.trading.bot_run import SIDES, BotRun, fills_of
from tickfold.trading.bot_store import StoredBot
from tickfold.trading.tape import Tape, Window


class Fill(NamedTuple):
    """A fill: the start of its bar in microseconds since 1970 UTC, and what was done. An exit has both commissions."""

    time: int
    what: str
    side: str
    quantity: float
    price: float
    commission: float | None
    reason: str | None

    def __str__(self) -> str:
        """Return all of it but the time, every digit of it."""
        text = f"{self.what}: {self.side} {self.quantity!r} at {self.price!r}"
        return text if self.commission is None else f"{text}, commission {self.commission!r}, {self.reason}"


@dataclass(frozen=True, eq=False)
class Account:
    """What a bot or a run has done over some bars: its fills, its equity at each bar, and what it has at the end.

    Equity is in dollars, shape (bars,), NaN where it is not known: of bars that the portfolio had seen before its bot.
    """

    fills: list[Fill]
    equity: Floats
    cash: float
    shares: float


class Row(NamedTuple):
    """A figure of the bot beside that of the run."""

    figure: str
    bot: str
    run: str

    @property
    def equal(self) -> bool:
        """Whether they are equal, to the last digit."""
        return self.bot == self.run


@dataclass(frozen=True)
class Comparison:
    """The figures of a bot beside those of a run; `told` is what has kept the bot from trading as a run does."""

    rows: list[Row]
    told: list[BotStep]

    @property
    def difference(self) -> Row | None:
        """The first figure that differs."""
        return next((row for row in self.rows if not row.equal), None)


def compare(stored: StoredBot, entries: Iterable[JournalEntry], tape: Tape, registry: Registry) -> Comparison:
    """Compare what a bot has done up to its last bar, as `entries` of its portfolio's journal tell it, with a run.

    Raises:
        RunError: it has stepped no bar, its state cannot be read, its bars are gone, or `registry` has another version
            of its strategy.
    """
    bot = stored.bot
    if not stored.figures.bars:
        raise RunError(f"bot {bot.bot} has stepped no bar yet: there is nothing to compare", "conflict")
    try:
        run = BotRun.stored(stored, registry)
    except ValueError as error:
        raise RunError(f"the state of bot {bot.bot} cannot be read: {error}", "conflict") from None
    tape.pull([bot.symbol])
    window = tape.window(bot.symbol, bot.since - 1, run.state.warm_up).until(run.state.last_bar)
    times = window.new_bars.timestamp
    if not window.new or times[-1] != run.state.last_bar:
        raise RunError(f"the last bar of bot {bot.bot}, {utc(run.state.last_bar)}, is no bar of {bot.symbol} any more")
    steps = list(_before_the_last(entries, run))
    told = [each for each in steps if isinstance(each, BotStep) and each.what not in ("started", "entry", "exit")]
    count = Row("bars", str(run.state.run.bars), str(window.new))
    traded, simulated = traded_account(run, steps, window), simulated_account(bot, window, registry)
    return Comparison([count, *_rows(times.tolist(), traded, simulated)], told)


def traded_account(run: BotRun, steps: Iterable[BotStep | BarSeen], window: Window) -> Account:
    """Return what a bot has done over the new bars of `window`: `steps` before the last, and what ends a run there."""
    bot, bars = run.bot.bot, window.new_bars
    last = int(bars.timestamp[-1])
    ended = run.ended(bars[-1:])
    equity = dict.fromkeys(bars.timestamp.tolist(), np.nan)
    fills = list[Fill]()
    for step in steps:
        if isinstance(step, BarSeen):
            equity[step.time * 1_000] = step.bots[bot]
        elif step.what in ("entry", "exit"):
            fills.append(_told(step))
    fills += map(_told, fills_of(run.bot, ended, run.state.run.bars - 1, last))
    equity[last] = ended.equity
    return Account(fills, np.array(list(equity.values())), ended.cash, ended.shares)


def simulated_account(bot: Bot, window: Window, registry: Registry) -> Account:
    """Return what a run of a bot's config does over the new bars of `window`, after whose others its strategy begins.

    Raises:
        RunError: the strategy fails, or is of another version.
    """
    strategy = registry.create(bot.config.strategy, bot.config.parameters)
    if (code := code_version(type(strategy))) != bot.code:
        raise RunError(
            f"here strategy {bot.config.strategy} has code {code}, and bot {bot.bot} trades {bot.code}: compare with "
            "the code that is deployed",
            "conflict",
        )
    (signals,) = evaluate([strategy], window.bars)
    bars = window.new_bars
    account, orders = account_of(bot.config), orders_of(bot.config)
    statement = backtest(bars, signals[window.before :], account, orders, strategy).statement
    held = [statement.open_trade] if statement.open_trade else []
    times = bars.timestamp.tolist()
    fills = [fill for trade in (*statement.trades, *held) for fill in _fills(trade, times)]
    return Account(fills, statement.equity, float(statement.cash[-1]), float(statement.shares[-1]))


def _before_the_last(entries: Iterable[JournalEntry], run: BotRun) -> Iterator[BotStep | BarSeen]:
    """Yield what a journal tells of a bot before its last bar; of what it does at none, all."""
    last = run.state.last_bar // 1_000
    for event in (event for entry in entries for event in entry.events):
        if isinstance(event, BotStep) and event.bot == run.bot.bot:
            if event.what not in ("entry", "exit") or event.time < last:
                yield event
        elif isinstance(event, BarSeen) and run.bot.bot in event.bots and event.time < last:
            yield event


def _told(step: BotStep) -> Fill:
    exits = step.what == "exit"
    return Fill(
        time=step.time * 1_000,
        what=step.what,
        side=step.side or "",
        quantity=step.quantity or 0.0,
        price=step.price or 0.0,
        commission=step.commission if exits else None,
        reason=step.reason if exits else None,
    )


def _fills(trade: Trade | OpenTrade, times: list[int]) -> Iterator[Fill]:
    quantity = trade.quantity
    yield Fill(times[trade.entry_bar], "entry", SIDES[trade.side], quantity, trade.entry_price, None, None)
    if isinstance(trade, Trade):
        side, price = SIDES[-trade.side], trade.exit_price
        yield Fill(times[trade.exit_bar], "exit", side, quantity, price, trade.commission, trade.exit_reason)


def _rows(times: list[int], bot: Account, run: Account) -> Iterator[Row]:
    for one, other in zip_longest(bot.fills, run.fills):
        first = min(each.time for each in (one, other) if each)
        yield Row(_minute(first), *(f"{each}" if each and each.time == first else "nothing" for each in (one, other)))
    known = ~np.isnan(bot.equity)
    differs = np.flatnonzero(known & (bot.equity != run.equity))
    if len(differs):
        at = int(differs[0])
        yield Row(f"equity at {_minute(times[at])}", _exact(bot.equity[at]), _exact(run.equity[at]))
    yield Row("bars of equal equity", str(int(known.sum()) - len(differs)), str(int(known.sum())))
    for name, one_end, other_end in (
        ("cash", bot.cash, run.cash),
        ("shares", bot.shares, run.shares),
        ("equity", bot.equity[-1], run.equity[-1]),
    ):
        yield Row(name, _exact(one_end), _exact(other_end))


def _exact(value: float) -> str:
    """Return every digit of a number; 0.0 for −0.0, which the journal does not have."""
    return repr(float(value) + 0.0)


def _minute(time: int) -> str:
    return f"{utc(time):%Y-%m-%dT%H:%MZ}"
