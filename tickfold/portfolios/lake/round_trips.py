"""Round trips: what a position or a bot has opened and closed again, as the trades of runs are.

A portfolio's own position has its cost by the average, so each fill that closes some of it is a trade, which carries
its share of the commission that opening it has cost. A bot's trades are those of its backtest.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field

from tickfold.protocol.journal import BotStep, Fill, PositionKept
from tickfold.protocol.portfolio_orders import OrderSide
from tickfold.protocol.portfolios import Portfolio
from tickfold.protocol.wire import Wire


@dataclass(frozen=True)
class RoundTrip:
    """What was closed; dollars, times in milliseconds since 1970 UTC. `commission` is of entry and exit."""

    bot: str | None
    symbol: str
    side: Literal["long", "short"]
    quantity: float
    entry_time: int
    entry_price: float
    exit_time: int
    exit_price: float
    commission: float
    exit_reason: str

    @property
    def pnl(self) -> float:
        """Profit or loss after commission, in dollars, in the order of operations of a run's trades."""
        sign = 1 if self.side == "long" else -1
        return sign * self.quantity * (self.exit_price - self.entry_price) - self.commission

    @property
    def trade_return(self) -> float:
        """`pnl` over the value at entry, a fraction."""
        return self.pnl / (self.quantity * self.entry_price)


class OpenPosition(Wire):
    """What a portfolio's position does not say of itself."""

    since: Annotated[int, Field(description="When it was opened, in milliseconds since 1970 UTC.")]
    commission: Annotated[float, Field(description="Dollars paid for opening what is still held.")]

    def paid(self, commission: float) -> Self:
        """Return this with so many dollars more of commission."""
        return self.model_copy(update={"commission": self.commission + commission})


class BotEntry(Wire):
    """The position of a bot: its quantity is that of its exit."""

    side: OrderSide
    time: int
    price: float
    commission: float


class OpenRoundTrips(Wire):
    """What is open: positions by symbol, and entries by bot."""

    positions: dict[str, OpenPosition] = Field(default_factory=dict)
    bots: dict[str, BotEntry] = Field(default_factory=dict)

    def after_fill(self, before: Portfolio, fill: Fill, after: Portfolio) -> tuple[Self, RoundTrip | None]:
        """Return what is open after a fill, and what it has closed of the position `before` it."""
        position, sign = before.positions.get(fill.symbol), 1 if fill.side == "buy" else -1
        if position is None or position.quantity * sign > 0:
            known = self.positions.get(fill.symbol) if position else None
            opened = known or OpenPosition(since=fill.time, commission=0.0)
            return self._with_position(fill.symbol, opened.paid(fill.commission)), None
        opened, rest, commission = self.positions[fill.symbol], None, self.positions[fill.symbol].commission
        if fill.symbol in after.positions:
            commission *= fill.quantity / abs(position.quantity)
            rest = opened.paid(-commission)
        closed = RoundTrip(
            bot=None,
            symbol=fill.symbol,
            side="long" if position.quantity > 0 else "short",
            quantity=fill.quantity,
            entry_time=opened.since,
            entry_price=position.cost / position.quantity,
            exit_time=fill.time,
            exit_price=fill.price,
            commission=commission + fill.commission,
            exit_reason=before.orders[fill.order_id].terms.kind,
        )
        return self._with_position(fill.symbol, rest), closed

    def after_step(self, step: BotStep) -> tuple[Self, RoundTrip | None]:
        """Return what is open after a bot's `entry` or `exit`, and what an exit has closed."""
        if step.side is None or step.quantity is None or step.price is None:
            return self, None
        if step.what == "entry":
            entry = BotEntry(side=step.side, time=step.time, price=step.price, commission=step.commission or 0.0)
            return self._with_bots({**self.bots, step.bot: entry}), None
        opened = self.bots.get(step.bot)
        if opened is None:
            return self, None
        closed = RoundTrip(
            bot=step.bot,
            symbol=step.symbol,
            side="long" if opened.side == "buy" else "short",
            quantity=step.quantity,
            entry_time=opened.time,
            entry_price=opened.price,
            exit_time=step.time,
            exit_price=step.price,
            commission=step.commission or 0.0,
            exit_reason=step.reason or "",
        )
        return self._with_bots({bot: each for bot, each in self.bots.items() if bot != step.bot}), closed

    def after_kept(self, kept: PositionKept, time: int) -> Self:
        """Return what is open after a bot's position became the portfolio's own at a time, milliseconds since 1970 UTC.

        It brings along when it was opened, and the commission that this has cost.
        """
        entry = self.bots.get(kept.bot)
        known = self.positions.get(kept.symbol) or OpenPosition(since=entry.time if entry else time, commission=0.0)
        taken = self._with_position(kept.symbol, known.paid(entry.commission if entry else 0.0))
        return taken._with_bots({bot: each for bot, each in self.bots.items() if bot != kept.bot})

    def _with_position(self, symbol: str, position: OpenPosition | None) -> Self:
        """Return this with a position as it is now; without it, if that is None."""
        positions = {each: opened for each, opened in self.positions.items() if each != symbol}
        return self.model_copy(update={"positions": positions | ({symbol: position} if position else {})})

    def _with_bots(self, bots: dict[str, BotEntry]) -> Self:
        return self.model_copy(update={"bots": bots})
