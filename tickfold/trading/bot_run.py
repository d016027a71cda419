"""A bot's run: steps a bot over the bars that follow, by the rules of a backtest.

What makes a bot more than a stepped run is what may keep it from trading: it is paused, its portfolio is, its strategy
fails, its code has changed, or it is being stopped. Its exits go on working whatever is the matter: a stop protects a
position also of a bot that is paused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from tickfold.backtests.planning import account_of, orders_of
from tickfold.engine.accounting.trades import OpenTrade, Trade
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.exits import REASONS
from tickfold.engine.signals import FLAT, HOLD
from tickfold.engine.stepping import Step, SteppedRun
from tickfold.errors import RunError
from tickfold.protocol.journal import BotStep
from tickfold.strategies import Registry, Strategy
from tickfold.strategies.evaluation import evaluate, lookback_of
from tickfold.trading.bot import Bot, BotStatus
from tickfold.trading.bot_state import BotState
from tickfold.trading.bot_store import StoredBot
from tickfold.trading.code_version import code_version

SECONDS: Final = 10.0
"""How long a strategy may take for the bars of one batch."""

_SIDES: Final = {1: "buy", -1: "sell"}


class BotRun:
    """A bot after the bars that led to `state`."""

    def __init__(self, bot: Bot, state: BotState, registry: Registry) -> None:
        self.bot, self.state = bot, state
        self._before = bot, state
        self._events: list[BotStep] = []
        self._run = SteppedRun(account_of(bot.config), orders_of(bot.config), state.run)
        self._registry = registry
        self._signals = np.empty(0, dtype=np.int8)

    @classmethod
    def start(cls, bot: Bot, registry: Registry) -> "BotRun":
        """Return a bot before its first bar.

        Raises:
            RunError: its strategy or a parameter is wrong.
        """
        lookback = lookback_of([registry.create(bot.config.strategy, bot.config.parameters)])
        return cls(bot, BotState.start(account_of(bot.config), orders_of(bot.config), bot.since, lookback), registry)

    @classmethod
    def stored(cls, stored: StoredBot, registry: Registry) -> "BotRun":
        """Return a bot as it is stored.

        Raises:
            ValueError: its state is damaged, or of another version of the engine.
        """
        return cls(stored.bot, BotState.decoded(stored.state), registry)

    @property
    def has_changed(self) -> bool:
        """Whether it is to be stored."""
        return self._before[0] != self.bot or self._before[1] is not self.state

    @property
    def is_new(self) -> bool:
        """Whether it has seen no bar."""
        return self._run.bars == 0

    def told(self) -> list[BotStep]:
        """Return what it has done since this was called last, in order."""
        events, self._events = self._events, []
        return events

    @property
    def looks_back(self) -> int:
        """How many bars before the next one its strategy sees."""
        return min(self.state.lookback, self.state.seen)

    def warmed(self, bars: int) -> None:
        """Note that its strategy sees so many bars before its first one."""
        self.state = replace(self.state, warm_up=bars)

    def look(self, window: Bars, new: int) -> None:
        """Ask the strategy for the signals of the last `new` bars of `window`, which are to be stepped next.

        A strategy that fails pauses its bot, as code does that has changed while a position is open.
        """
        self._signals = np.full(new, HOLD, dtype=np.int8)
        if not self.bot.trades:
            return
        try:
            self._check_code()
            (found,) = evaluate([self._strategy], window, SECONDS)
        except RunError as error:
            self.pause(str(error))
            return
        self._signals = found[len(window) - new :]

    def step(self, bar: Bars, *, may_trade: bool = True) -> float:
        """Step the next bar, which `look` has seen; return the equity at its close.

        A bot that may not trade holds: its orders to enter are withdrawn, and what would close its position stays.
        """
        signal, self._signals = self._signal(may_trade=may_trade), self._signals[1:]
        if not (may_trade and self.bot.trades):
            self._run.withdraw()
        at, step = self._run.bars, self._run.step(bar, signal)
        time = int(bar.timestamp[0])
        self._events += _fills(self.bot, step, at, time)
        self.state = replace(
            self.state,
            run=self._run.state,
            last_bar=time,
            equity=step.equity,
            trades=self.state.trades + len(step.postings.trades),
        )
        if self.bot.status == "stopping" and self._run.is_flat:
            self._move("stopped")
        elif step.ruined:
            self.pause("no equity is left: its position was closed, and it cannot open another")
        return step.equity

    def ended(self, bar: Bars) -> Step:
        """Return the step over the last `bar` as the end of a backtest's range: what `tickfold run` would report."""
        return self._run.ended(bar)

    def pause(self, reason: str) -> None:
        """Pause it until a person resumes it. Idempotent."""
        if self.bot.trades:
            self._move("paused", reason)

    def resume(self) -> None:
        """Let it trade again. Idempotent.

        Raises:
            RunError: it is stopped, or being stopped.
        """
        self._move("running")

    def stop(self) -> None:
        """Close its position by a signal at the next bar, and stop then; at once if it holds none. Idempotent."""
        if self.bot.status in ("stopping", "stopped"):
            return
        self._move("stopping")
        self._run.withdraw()
        self.state = replace(self.state, run=self._run.state)
        if self._run.is_flat:
            self._move("stopped")

    def adopt_code(self) -> None:
        """Go on with the strategy's code as it is now, whatever position is open. Idempotent.

        Raises:
            RunError: there is no such strategy or parameter any more.
        """
        if (code := code_version(type(self._strategy))) != self.bot.code:
            self.bot = self.bot.model_copy(update={"code": code})
            self.state = replace(self.state, lookback=lookback_of([self._strategy]))
            self._tell("adopted", reason=f"code {code}")

    def _signal(self, *, may_trade: bool) -> int:
        if self.bot.status == "stopping":
            return FLAT
        return int(self._signals[0]) if may_trade and self.bot.trades else HOLD

    def _check_code(self) -> None:
        """Adopt new code of the strategy while nothing is open.

        Raises:
            RunError: a position or an order is open, which the new code has not decided.
        """
        code = code_version(type(self._strategy))
        if code == self.bot.code:
            return
        if not self._run.is_flat:
            raise RunError(
                f"the code of strategy {self.bot.config.strategy} has changed ({self.bot.code} → {code}) while the bot "
                f"holds {self.state.shares:g} shares: stop the bot, or adopt the new code as you resume it",
                "conflict",
            )
        self.adopt_code()

    @cached_property
    def _strategy(self) -> Strategy:
        return self._registry.create(self.bot.config.strategy, self.bot.config.parameters)

    def _move(self, status: BotStatus, reason: str | None = None) -> None:
        if status != self.bot.status:
            self.bot = self.bot.moved(status, reason)
            self._tell("resumed" if status == "running" else status, reason=reason)

    def _tell(self, what: str, **more: object) -> None:
        time = max(self.state.last_bar // 1_000, 0)
        fields = {"bot": self.bot.bot, "symbol": self.bot.symbol, "time": time, "what": what, **more}
        self._events.append(BotStep.model_validate(fields))


def _fills(bot: Bot, step: Step, at: int, time: int) -> Iterator[BotStep]:
    """Yield the fills of the bar `at`, counted from the bot's first, in their order."""
    of = {"bot": bot.bot, "symbol": bot.symbol, "time": time // 1_000}
    for trade in step.postings.trades:
        if trade.entry_bar == at:
            yield _entry(of, trade, 0.0)  # its exit, below, has the commission of both
        yield BotStep.model_validate(
            {
                **of,
                "what": "exit",
                "side": _SIDES[-trade.side],
                "quantity": trade.quantity,
                "price": trade.exit_price,
                "commission": trade.commission,
                "reason": REASONS[trade.reason],
            }
        )
    opened = step.open_trade
    if opened and opened.entry_bar == at:
        yield _entry(of, opened, opened.commission)


def _entry(of: Mapping[str, Any], trade: Trade | OpenTrade, commission: float) -> BotStep:
    side, price = _SIDES[trade.side], trade.entry_price
    return BotStep.model_validate(
        {**of, "what": "entry", "side": side, "quantity": trade.quantity, "price": price, "commission": commission}
    )
