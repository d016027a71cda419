"""The state of a bot: what a step leaves for the next."""

from dataclasses import dataclass, replace
from typing import Final, Self

from tickfold.engine.accounting.account import Account
from tickfold.engine.checkpoint import decode, encode
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.stepping import Step, SteppedRun, SteppedState

_DAY: Final = 24 * 60 * 60 * 1_000_000


@dataclass(frozen=True)
class BotState:
    """What a bot carries from bar to bar, about 1 kB.

    Attributes:
        run: its account, as a run's.
        last_bar: the start of the last bar that it has stepped, in microseconds since 1970 UTC; just before its first
            bar may begin, while there was none.
        lookback: its strategy's, in bars.
        warm_up: bars before its first one that its strategy sees.
        equity: dollars at the last bar's close; its capital before the first.
        peak: the most that it was worth at a bar's close since its losses count, dollars.
        day: that of its last bar, in days since 1970 UTC.
        day_start: what it was worth before the first bar of that day, dollars.
        trades: how many were closed.
        entry_price: what was paid or received for each share that is held, dollars; 0 if it holds none.
    """

    run: SteppedState
    last_bar: int
    equity: float
    lookback: int
    peak: float
    day_start: float
    day: int = 0
    warm_up: int = 0
    trades: int = 0
    entry_price: float = 0.0

    @classmethod
    def start(cls, account: Account, orders: Orders, since: int, lookback: int) -> Self:
        """Return the state before the first bar from `since` on; `lookback` is the strategy's."""
        worth = account.capital
        return cls(SteppedRun(account, orders).state, since - 1, worth, lookback, peak=worth, day_start=worth)

    def stepped(self, run: SteppedState, step: Step, time: int) -> Self:
        """Return the state after a bar of that time, in microseconds since 1970 UTC."""
        day = time // _DAY
        held = step.open_trade
        return replace(
            self,
            run=run,
            last_bar=time,
            equity=step.equity,
            peak=max(self.peak, step.equity),
            day=day,
            day_start=self.equity if day > self.day else self.day_start,
            trades=self.trades + len(step.postings.trades),
            entry_price=held.entry_price if held else 0.0,
        )

    def counted_anew(self) -> Self:
        """Return the state from which on losses count."""
        return replace(self, peak=self.equity, day_start=self.equity)

    @property
    def seen(self) -> int:
        """How many bars before the next one its strategy may look at."""
        return self.warm_up + self.run.bars

    @property
    def cash(self) -> float:
        """Dollars."""
        return self.run.ledger.cash

    @property
    def shares(self) -> float:
        """Shares held, negative when short."""
        position = self.run.ledger.carried.position
        return position.side * self.run.ledger.quantity if position else 0.0

    def encoded(self) -> bytes:
        """Return the state as bytes."""
        return encode(self)

    @classmethod
    def decoded(cls, data: bytes) -> Self:
        """Return the state of those bytes.

        Raises:
            ValueError: they are damaged, or of another version of the engine.
        """
        return decode(cls, data)
