"""The state of a bot: what a step leaves for the next."""

from dataclasses import dataclass
from typing import Self

from tickfold.engine.accounting.account import Account
from tickfold.engine.checkpoint import decode, encode
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.stepping import SteppedRun, SteppedState


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
        trades: how many were closed.
    """

    run: SteppedState
    last_bar: int
    equity: float
    lookback: int
    warm_up: int = 0
    trades: int = 0

    @classmethod
    def start(cls, account: Account, orders: Orders, since: int, lookback: int) -> Self:
        """Return the state before the first bar from `since` on; `lookback` is the strategy's."""
        return cls(SteppedRun(account, orders).state, since - 1, account.capital, lookback)

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
