"""A batch: what the next bars do to a portfolio, its orders and its bots, in the order of time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tickfold.engine.bars import Bars
from tickfold.market_data.feed.minute_bar import FeedBar
from tickfold.portfolios.matching import advance
from tickfold.portfolios.portfolio import followed
from tickfold.portfolios.step import Step
from tickfold.protocol.journal import AllocationReturned, BotStep, JournalEvent
from tickfold.protocol.portfolios import Portfolio
from tickfold.trading.bot_run import BotRun
from tickfold.trading.tape import Tape, Window

MOST_BARS: Final = 300
"""Bars that are looked at for one batch, each counted for the portfolio and for every bot on it."""
_FULL_BYTES: Final = 12_000
"""Of events, after which a batch takes no further bar: its entry is pushed, and a message has 32,000 bytes at most."""
_MICROSECONDS: Final = 1_000


@dataclass(frozen=True)
class _Moment:
    """A bar of a symbol, and who steps it. They are ordered by time, those of one time by symbol."""

    time: int
    symbol: str
    bar: Bars
    stored: FeedBar
    bots: tuple[BotRun, ...]
    by_portfolio: bool


class Batch:
    """The next bars of a portfolio and its `bots`, as many as an entry of its journal takes.

    `may_trade` says whether the stack lets bots trade. After `carry_out`, `events` are what has happened, the bots have
    stepped, and `is_last` says whether nothing is left.
    """

    def __init__(self, portfolio: Portfolio, bots: Sequence[BotRun], tape: Tape, *, may_trade: bool = True) -> None:
        self._step, self._tape, self._may_trade = Step(portfolio), tape, may_trade
        self._bots = sorted((run for run in bots if not run.bot.ended), key=lambda run: run.bot.bot)
        self._behind = set[str]()
        self._bytes = 0
        self.is_last = True

    @property
    def events(self) -> list[JournalEvent]:
        return self._step.events

    def carry_out(self) -> None:
        """Step all that is new, or as much as a batch takes."""
        seen = self._seen()
        self._tape.pull(sorted({*seen, *(run.bot.symbol for run in self._bots)}))
        windows = {run.bot.bot: self._window(run) for run in self._bots}
        own = {symbol: self._tape.window(symbol, after, 0) for symbol, after in seen.items()}
        until = self._until([*windows.values(), *own.values()])
        for run in self._bots:
            window = windows[run.bot.bot].until(until)
            windows[run.bot.bot] = window
            if window.new:
                run.look(window.bars, window.new)
        for moment in self._moments(windows, {symbol: window.until(until) for symbol, window in own.items()}):
            if self._bytes > _FULL_BYTES:
                self.is_last = False
                break
            self._pass(moment)
        self._settle()

    def _window(self, run: BotRun) -> Window:
        """Return the bars that a bot is to step, after those that its strategy sees before them."""
        if run.is_new and run.bot.warm:
            window = self._tape.window(run.bot.symbol, run.state.last_bar, run.state.lookback)
            if window.new:
                run.warmed(window.before)
            return window
        return self._tape.window(run.bot.symbol, run.state.last_bar, run.looks_back)

    def _seen(self) -> dict[str, int]:
        """Return the time of the last bar that the portfolio has seen of each symbol that concerns it."""
        portfolio, seen = self._step.portfolio, dict[str, int]()
        for symbol in sorted(followed(portfolio)):
            if quote := portfolio.quotes.get(symbol):
                seen[symbol] = quote.time * _MICROSECONDS
            elif after := [run.state.last_bar for run in self._bots if run.bot.symbol == symbol]:
                seen[symbol] = min(after)  # only bots have been on it, and none has stepped
        return seen

    def _until(self, windows: Sequence[Window]) -> int:
        """Return the time of the batch's last bar."""
        times = np.sort(np.concatenate([np.empty(0, np.int64), *(each.new_bars.timestamp for each in windows)]))
        self.is_last = len(times) <= MOST_BARS
        return int(times[:MOST_BARS][-1]) if len(times) else 0

    def _moments(self, windows: Mapping[str, Window], own: Mapping[str, Window]) -> Iterator[_Moment]:
        """Yield the bars in their order, each with the bots that step it."""
        found: dict[tuple[int, str], tuple[Window, int]] = {}
        bots: dict[tuple[int, str], list[BotRun]] = {}
        for symbol, window in own.items():
            found |= {(time, symbol): (window, at) for at, time in enumerate(window.new_bars.timestamp.tolist())}
        by_portfolio = set(found)
        for run in self._bots:
            window = windows[run.bot.bot]
            for at, time in enumerate(window.new_bars.timestamp.tolist()):
                found.setdefault((time, run.bot.symbol), (window, at))
                bots.setdefault((time, run.bot.symbol), []).append(run)
        for time, symbol in sorted(found):
            window, at = found[time, symbol]
            key = (time, symbol)
            yield _Moment(
                time, symbol, window.new_bar(at), window.feed_bar(at), tuple(bots.get(key, ())), key in by_portfolio
            )

    def _pass(self, moment: _Moment) -> None:
        """Step the bots that are on a bar, and then what the portfolio itself has ordered."""
        may_trade = self._may_trade and self._step.portfolio.status == "active"
        equity = {run.bot.bot: run.step(moment.bar, may_trade=may_trade) for run in moment.bots}
        if moment.by_portfolio:
            for event in advance(self._step.portfolio, moment.symbol, moment.stored, equity):
                self.record(event)
        self._behind = self._behind - equity.keys() if moment.by_portfolio else self._behind | equity.keys()
        for run in moment.bots:
            self._record(run)

    def _record(self, run: BotRun) -> None:
        for event in run.told():
            self.record(event)
        if run.bot.ended and run.bot.bot in self._step.portfolio.bots:
            self.record(AllocationReturned(bot=run.bot.bot, amount=run.state.cash))

    def _settle(self) -> None:
        """Record the rest, and what bots are worth whose last bar the portfolio had seen before."""
        for run in self._bots:
            self._record(run)
            if run.bot.bot in self._behind:
                time, equity = run.state.last_bar // _MICROSECONDS, run.state.equity
                self.record(BotStep(bot=run.bot.bot, symbol=run.bot.symbol, time=time, what="caught_up", equity=equity))

    def record(self, event: JournalEvent) -> None:
        """Record an event."""
        self._step.record(event)
        self._bytes += len(event.model_dump_json())
