"""Measures: for each kind of rule, what it watches, its level, and the number that it compares with that.

The one place, beside the condition in the protocol, where a kind of rule is added: a subclass of `Measure`, and its
line in `_MEASURES`. A measure is a fold: it takes what it remembers and an observation, and returns what it remembers
then, and the reading, if there is one.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import Final, Generic, TypeVar

from tickfold.alerts.observation import (
    FEED,
    PORTFOLIOS,
    Observation,
    SeenBar,
    SeenEvent,
    SeenRun,
    SeenSilence,
    of_portfolio,
    of_runs,
    of_symbol,
)
from tickfold.alerts.threshold import Reading, Threshold
from tickfold.portfolios.journal import order_after
from tickfold.portfolios.portfolio import drawdown, equity, profit, value_of
from tickfold.protocol.alerts import (
    BalanceCondition,
    BotsCondition,
    ChangeCondition,
    Condition,
    DrawdownCondition,
    FeedSilentCondition,
    HaltCondition,
    IndicatorCondition,
    Level,
    OrderOutcome,
    OrdersCondition,
    PortfolioCondition,
    PositionCondition,
    PriceCondition,
    RunEndedCondition,
    SpreadCondition,
    VolumeCondition,
)
from tickfold.protocol.journal import (
    TRADER,
    Allocated,
    AllocationReturned,
    BarSeen,
    BotStep,
    Deposit,
    Fill,
    Killed,
    Lifted,
    LimitBreached,
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    PositionKept,
    Withdrawal,
)
from tickfold.protocol.portfolio_orders import Order

Memory = tuple[tuple[str, int, float], ...]
"""Prices that are remembered: of which symbol, at which second since 1970 UTC, in dollars."""

MOST_PENDING: Final = 390
"""Minutes by which one symbol of a spread may be ahead of the other; what is older is forgotten."""

C = TypeVar("C", bound=Condition)
B = TypeVar("B", bound=PriceCondition | ChangeCondition | IndicatorCondition | SpreadCondition | VolumeCondition)
P = TypeVar("P", bound=PortfolioCondition)


@dataclass(frozen=True)
class Measure(ABC, Generic[C]):
    """What a rule with `condition` looks at."""

    condition: C

    @abstractmethod
    def sources(self, owner: str) -> tuple[str, ...]:
        """Return the sources that are watched."""

    @property
    @abstractmethod
    def threshold(self) -> Threshold:
        """The level that the readings are compared with."""

    @property
    def starts_armed(self) -> bool:
        """Whether the rule alerts on its first reading, if that is beyond the level already."""
        return True

    @abstractmethod
    def read(self, memory: Memory, seen: Observation) -> tuple[Memory, Reading | None]:
        """Return what is remembered after an observation, and its reading."""


def measure_of(condition: Condition) -> Measure[Condition]:
    """Return the measure of a condition."""
    return _MEASURES[type(condition)](condition)


class _OfBars(Measure[B]):
    """Readings of the bars of the condition's symbol."""

    def sources(self, owner: str) -> tuple[str, ...]:  # noqa: ARG002 - anybody's
        return (of_symbol(self.condition.symbol),)

    def read(self, memory: Memory, seen: Observation) -> tuple[Memory, Reading | None]:
        return (memory, self.reading(seen)) if isinstance(seen, SeenBar) else (memory, None)

    def reading(self, seen: SeenBar) -> Reading | None:
        """Return the reading of one bar."""
        raise NotImplementedError


class _Price(_OfBars[PriceCondition]):
    @property
    def threshold(self) -> Threshold:
        return _threshold(self.condition)

    def reading(self, seen: SeenBar) -> Reading:
        bar = seen.stored.bar
        return Reading(bar.high, bar.low, bar.close)


class _Volume(_OfBars[VolumeCondition]):
    @property
    def threshold(self) -> Threshold:
        return Threshold(self.condition.above)

    def reading(self, seen: SeenBar) -> Reading:
        return Reading.of(seen.stored.bar.volume)


class _Indicator(_OfBars[IndicatorCondition]):
    """The close minus the indicator."""

    starts_armed = False

    @property
    def threshold(self) -> Threshold:
        return Threshold(0.0, self.condition.hysteresis, falling=self.condition.crosses == "below")

    def reading(self, seen: SeenBar) -> Reading | None:
        value = seen.stored.sma9 if self.condition.indicator == "sma9" else seen.stored.vwap
        return None if value is None else Reading.of(seen.stored.bar.close - value)


class _Change(_OfBars[ChangeCondition]):
    """The change of the price, as a fraction of an earlier one of the same session.

    Remembered are prices of the session with their instants: the open, and closes. The sessions of all markets of the
    feed lie within a UTC day each.
    """

    @property
    def threshold(self) -> Threshold:
        return _threshold(self.condition)

    def read(self, memory: Memory, seen: Observation) -> tuple[Memory, Reading | None]:
        if not isinstance(seen, SeenBar):
            return memory, None
        bar, now = seen.stored.bar, int(seen.at.timestamp())
        began = _day_of(memory[0][1]) if memory else None
        if began != bar.time.date():
            memory = ((seen.symbol, int(bar.time.timestamp()), bar.open),)
        reference, *later = self._since(memory, now)
        before = reference[2]
        changes = (price / before - 1 for price in (bar.high, bar.low, bar.close)) if before else None
        reading = Reading(*changes) if changes else None  # of nothing there is no change
        closes = () if self.condition.minutes is None else (*later, (seen.symbol, now, bar.close))
        return (reference, *closes), reading

    def _since(self, memory: Memory, now: int) -> Memory:
        """Return the price that the change is from, and the later ones: the last price that is old enough, or the
        first of the session."""
        if self.condition.minutes is None:
            return memory
        oldest = now - 60 * self.condition.minutes
        past = sum(time <= oldest for _, time, _ in memory)
        return memory[max(past - 1, 0) :]


class _Spread(_OfBars[SpreadCondition]):
    """The difference of two closes of the same minute.

    Remembered are the closes of the symbol that is ahead, so that it makes no difference in which order the bars of
    the two come.
    """

    def sources(self, owner: str) -> tuple[str, ...]:  # noqa: ARG002 - anybody's
        return of_symbol(self.condition.symbol), of_symbol(self.condition.minus)

    @property
    def threshold(self) -> Threshold:
        return _threshold(self.condition)

    def read(self, memory: Memory, seen: Observation) -> tuple[Memory, Reading | None]:
        if not isinstance(seen, SeenBar):
            return memory, None
        now, close = int(seen.at.timestamp()), seen.stored.bar.close
        if not memory or memory[0][0] == seen.symbol:
            return (*memory, (seen.symbol, now, close))[-MOST_PENDING:], None
        others = {time: price for _, time, price in memory}
        left = tuple(each for each in memory if each[1] > now)
        if now not in others:
            # Of the minutes before, the other symbol has no bar, nor has this one any that is still to come.
            return left or ((seen.symbol, now, close),), None
        spread = close - others[now] if seen.symbol == self.condition.symbol else others[now] - close
        return left, Reading.of(spread)


class _OfPortfolio(Measure[P]):
    """Readings of the events of a portfolio's journal."""

    def sources(self, owner: str) -> tuple[str, ...]:  # noqa: ARG002 - the id says whose it is
        return of_portfolio(self.condition.portfolio), PORTFOLIOS

    def read(self, memory: Memory, seen: Observation) -> tuple[Memory, Reading | None]:
        return (memory, self.reading(seen)) if isinstance(seen, SeenEvent) else (memory, None)

    @abstractmethod
    def reading(self, seen: SeenEvent) -> Reading | None:
        """Return the reading of one event."""


_SETTLES: Final = (BarSeen, Deposit, Withdrawal, Allocated, AllocationReturned, PositionKept, BotStep, Lifted)
"""Events after which amounts are looked at. A fill is none: it is posted before its bar has valued the position."""


class _Amount(_OfPortfolio[P]):
    """A number of the portfolio, after each event that settles it."""

    def reading(self, seen: SeenEvent) -> Reading | None:
        if not isinstance(seen.event, _SETTLES):
            return None
        amount = self.amount(seen)
        return None if amount is None else Reading.of(amount)

    @abstractmethod
    def amount(self, seen: SeenEvent) -> float | None:
        """Return the number; None if there is none."""


class _Balance(_Amount[BalanceCondition]):
    @property
    def threshold(self) -> Threshold:
        return _threshold(self.condition)

    def amount(self, seen: SeenEvent) -> float:
        match self.condition.kind:
            case "equity":
                return equity(seen.after)
            case "cash":
                return seen.after.cash
            case "profit":
                return profit(seen.after)


class _Drawdown(_Amount[DrawdownCondition]):
    @property
    def threshold(self) -> Threshold:
        return Threshold(self.condition.above, self.condition.hysteresis)

    def amount(self, seen: SeenEvent) -> float | None:
        return drawdown(seen.after)


class _Position(_Amount[PositionCondition]):
    @property
    def threshold(self) -> Threshold:
        return _threshold(self.condition)

    def amount(self, seen: SeenEvent) -> float:
        return abs(value_of(seen.after, self.condition.symbol))


class _Happening(_OfPortfolio[P]):
    """Every event that the condition is about is beyond the level, and none re-arms: see `Threshold.events`."""

    @property
    def threshold(self) -> Threshold:
        return Threshold.events()

    def reading(self, seen: SeenEvent) -> Reading | None:
        return Reading.of(inf) if self.concerns(seen) else None

    @abstractmethod
    def concerns(self, seen: SeenEvent) -> bool:
        """Return whether the condition is about an event."""


class _Orders(_Happening[OrdersCondition]):
    def concerns(self, seen: SeenEvent) -> bool:
        order, outcome = order_and_outcome(seen)
        if order is None or outcome not in self.condition.outcomes:
            return False
        return self.condition.symbol in (None, order.terms.symbol)


class _Halt(_Happening[HaltCondition]):
    def concerns(self, seen: SeenEvent) -> bool:
        return isinstance(seen.event, LimitBreached if self.condition.kind == "limit_breached" else Killed)


class _Bots(_Happening[BotsCondition]):
    def concerns(self, seen: SeenEvent) -> bool:
        step = seen.event
        if not isinstance(step, BotStep) or self.condition.bot not in (None, step.bot):
            return False
        return step.what in self.condition.outcomes


def order_and_outcome(seen: SeenEvent) -> tuple[Order | None, OrderOutcome | None]:
    """Return the order that an event is about, as it is then, and what has become of it; None of either if nothing.

    What its owner cancels is none, nor is an exit of a bracket that ends because the other exit did, or its order.
    """
    event = seen.event
    if not isinstance(event, Fill | OrderRejected | OrderExpired | OrderCancelled):
        return None, None
    order = order_after(seen.before.orders[event.order_id], event)
    match event:
        case Fill():
            return order, "filled" if order.status == "filled" else "partly_filled"
        case OrderRejected():
            return order, "rejected"
        case OrderExpired():
            return order, "expired"
        case OrderCancelled():
            is_told = seen.entry.by == TRADER and order.parent is None
            return (order, "cancelled") if is_told else (None, None)


class _RunEnded(Measure[RunEndedCondition]):
    """Every end of a run is beyond the level, and none re-arms: see `Threshold.events`."""

    def sources(self, owner: str) -> tuple[str, ...]:
        return (of_runs(owner),)

    @property
    def threshold(self) -> Threshold:
        return Threshold.events()

    def read(self, memory: Memory, seen: Observation) -> tuple[Memory, Reading | None]:
        wanted = isinstance(seen, SeenRun) and self.condition.run_id in (None, seen.run_id)
        return memory, Reading.of(inf) if wanted else None


class _FeedSilent(Measure[FeedSilentCondition]):
    def sources(self, owner: str) -> tuple[str, ...]:  # noqa: ARG002 - anybody's
        return (FEED,)

    @property
    def threshold(self) -> Threshold:
        return Threshold(self.condition.minutes)

    def read(self, memory: Memory, seen: Observation) -> tuple[Memory, Reading | None]:
        return memory, Reading.of(seen.minutes) if isinstance(seen, SeenSilence) else None


_MEASURES: Final[dict[type, type[Measure]]] = {  # type: ignore[type-arg]
    PriceCondition: _Price,
    ChangeCondition: _Change,
    IndicatorCondition: _Indicator,
    SpreadCondition: _Spread,
    VolumeCondition: _Volume,
    BalanceCondition: _Balance,
    DrawdownCondition: _Drawdown,
    PositionCondition: _Position,
    OrdersCondition: _Orders,
    HaltCondition: _Halt,
    BotsCondition: _Bots,
    RunEndedCondition: _RunEnded,
    FeedSilentCondition: _FeedSilent,
}


def _threshold(level: Level) -> Threshold:
    if level.above is not None:
        return Threshold(level.above, level.hysteresis)
    return Threshold(level.below or 0.0, level.hysteresis, falling=True)


def _day_of(seconds: int) -> object:
    return datetime.fromtimestamp(seconds, UTC).date()
