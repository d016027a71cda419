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
from tickfold.portfolios.risk import loss, within
from tickfold.portfolios.times import MINUTE
from tickfold.protocol.bots import BotStatus
from tickfold.protocol.formats import money
from tickfold.protocol.journal import BotLimits, BotStep
from tickfold.strategies import Registry, Strategy
from tickfold.strategies.code_version import code_version
from tickfold.strategies.evaluation import evaluate, lookback_of
from tickfold.trading.bot import Bot
from tickfold.trading.bot_state import BotState
from tickfold.trading.bot_store import StoredBot

SECONDS: Final = 10.0
"""How long a strategy may take for the bars of one batch."""

SIDES: Final = {1: "buy", -1: "sell"}
"""What opens a position of a side: 1 long, −1 short."""


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
        signal, self._signals = self._signal(bar, may_trade=may_trade), self._signals[1:]
        if not (may_trade and self.bot.trades):
            self._run.withdraw()
        at = self._run.bars
        step, too_large = self._posted(bar, signal)
        time = int(bar.timestamp[0])
        self._events += fills_of(self.bot, step, at, time)
        self.state = self.state.stepped(self._run.state, step, time)
        if self.bot.status == "stopping" and self._run.is_flat:
            self._move("stopped")
        elif step.ruined:
            self.pause("no equity is left: its position was closed, and it cannot open another")
        elif breach := too_large or self._loss():
            self.pause(breach)
        return step.equity

    def ended(self, bar: Bars) -> Step:
        """Return the step over the last `bar` as the end of a backtest's range: what `tickfold run` would report."""
        return self._run.ended(bar)

    def pause(self, reason: str) -> None:
        """Pause it until a person resumes it. Idempotent."""
        if self.bot.trades:
            self._move("paused", reason)

    def resume(self) -> None:
        """Let it trade again; its losses count from here on. Idempotent.

        Raises:
            RunError: it is stopped, or being stopped.
        """
        if not self.bot.trades:
            self._move("running")
            self.state = self.state.counted_anew()

    def limit(self, limits: BotLimits) -> None:
        """Set its limits. Idempotent.

        Raises:
            RunError: it is stopped.
        """
        if self.bot.ended:
            raise RunError(f"bot {self.bot.bot} is stopped, and trades no more", "conflict")
        if limits != self.bot.limits:
            self.bot = self.bot.model_copy(update={"limits": limits})
            self._tell("limits_set", limits=limits)

    def stop(self) -> None:
        """Close its position by a signal at the next bar, and stop then; at once if it holds none. Idempotent."""
        if self.bot.status in ("stopping", "stopped"):
            return
        self._move("stopping")
        self._run.withdraw()
        self.state = replace(self.state, run=self._run.state)
        if self._run.is_flat:
            self._move("stopped")

    def end(self) -> None:
        """Stop it at once, whatever it holds: its position is to become its portfolio's own. Idempotent."""
        self._run.withdraw()
        self.state = replace(self.state, run=self._run.state)
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

    def _signal(self, bar: Bars, *, may_trade: bool) -> int:
        if self.bot.status == "stopping":
            return FLAT
        if not (may_trade and self.bot.trades):
            return HOLD
        signal, closes = int(self._signals[0]), int(bar.timestamp[0]) // 1_000 + MINUTE
        return signal if within(self.bot.limits.hours, closes) else self._closing(signal)

    def _closing(self, signal: int) -> int:
        """Return as much of a signal as opens nothing: of one against the target, that it ends."""
        return FLAT if signal in (FLAT, -self._run.target) and signal != HOLD else HOLD

    def _posted(self, bar: Bars, signal: int) -> tuple[Step, str | None]:
        """Step a bar; without the position that it would open, if that is too large, and then return why."""
        before, most = self._run.state, self.bot.limits.position
        step = self._run.step(bar, signal)
        if most is None:
            return step, None
        value = max((each.quantity * each.entry_price for each in _opened(step, before.bars)), default=0.0)
        if value <= most:
            return step, None
        self._run = SteppedRun(account_of(self.bot.config), orders_of(self.bot.config), before)
        self._run.withdraw()
        reason = f"a position would be worth ${money(value)}, and the limit (position) is ${money(most)}"
        return self._run.step(bar, self._closing(signal)), reason

    def _loss(self) -> str | None:
        """Return which loss breaches its limit, if one does."""
        state = self.state
        found = loss(state.equity, self.bot.limits, day_start=state.day_start, peak=state.peak)
        return f"{found[1]} ({found[0]})" if found else None

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


def _opened(step: Step, at: int) -> list[Trade | OpenTrade]:
    """Return what the bar `at`, counted from the bot's first, has opened."""
    held = [step.open_trade] if step.open_trade else []
    return [each for each in (*step.postings.trades, *held) if each.entry_bar == at]


def fills_of(bot: Bot, step: Step, at: int, time: int) -> Iterator[BotStep]:
    """Yield the fills in the order of a bar: the bot's number `at`, from 0, that starts at `time`.

    `time` is in microseconds since 1970 UTC.
    """
    of = {"bot": bot.bot, "symbol": bot.symbol, "time": time // 1_000}
    for trade in step.postings.trades:
        if trade.entry_bar == at:
            yield _entry(of, trade, 0.0)  # its exit, below, has the commission of both
        yield BotStep.model_validate(
            {
                **of,
                "what": "exit",
                "side": SIDES[-trade.side],
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
    side, price = SIDES[trade.side], trade.entry_price
    return BotStep.model_validate(
        {**of, "what": "entry", "side": side, "quantity": trade.quantity, "price": price, "commission": commission}
    )
