"""Orders of a portfolio, as a person places them and as the portfolio keeps them."""

from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from tickfold.protocol.quantities import Distance, number_or_text
from tickfold.protocol.symbol import Symbol
from tickfold.protocol.wire import Wire, is_unset

OrderSide = Literal["buy", "sell"]
OrderKind = Literal["market", "limit", "stop", "stop_limit", "trailing_stop"]
TimeInForce = Literal["day", "gtc", "ioc"]
OrderStatus = Literal["held", "working", "filled", "cancelled", "expired", "rejected"]
OPEN: Final[frozenset[OrderStatus]] = frozenset({"held", "working"})
"""The states in which an order may still fill."""

MOST_SHARES: Final = 1_000_000_000
_NEEDS: Final[dict[OrderKind, tuple[str, ...]]] = {
    "market": (),
    "limit": ("limit",),
    "stop": ("stop",),
    "stop_limit": ("stop", "limit"),
    "trailing_stop": ("trail",),
}
"""The prices that each kind of order has, and no others."""
_PRICES: Final = ("limit", "stop", "trail")

Price = Annotated[float, Field(gt=0, le=1_000_000_000), BeforeValidator(number_or_text)]
Shares = Annotated[float, Field(gt=0, le=MOST_SHARES), BeforeValidator(number_or_text)]
OrderId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,48}$")]
"""Chosen by the client, which makes placing idempotent."""


class BracketTerms(Wire):
    """The exits of an order, placed once it fills, for what has filled; whichever fills first cancels the other."""

    take_profit: Annotated[
        Price | None, Field(description="Limit price at which the position is closed.", exclude_if=is_unset)
    ] = None
    stop_loss: Annotated[
        Price | None, Field(description="Stop price at which the position is closed.", exclude_if=is_unset)
    ] = None
    stop_loss_trail: Annotated[
        Distance | None,
        Field(description="In place of `stopLoss`: a trailing stop, as a fraction of the price.", exclude_if=is_unset),
    ] = None

    @property
    def has_exits(self) -> bool:
        """Whether there is any exit."""
        return self.take_profit is not None or self.has_stop

    @property
    def has_stop(self) -> bool:
        """Whether there is a stop, trailing or not."""
        return self.stop_loss is not None or self.stop_loss_trail is not None


class Ordered(BracketTerms):
    """What is ordered. Prices are dollars, `trail` is a fraction, `quantity` shares."""

    symbol: str
    side: OrderSide
    kind: OrderKind = "market"
    quantity: Shares
    limit: Annotated[
        Price | None, Field(description="Of `limit` and `stop_limit`: the worst price.", exclude_if=is_unset)
    ] = None
    stop: Annotated[
        Price | None, Field(description="Of `stop` and `stop_limit`: the price that triggers it.", exclude_if=is_unset)
    ] = None
    trail: Annotated[
        Distance | None,
        Field(
            description="Of `trailing_stop`: its distance from the best price since it was placed.",
            exclude_if=is_unset,
        ),
    ] = None
    time_in_force: Annotated[
        TimeInForce,
        Field(
            description="`day`: until the session's close. `gtc`: until it is cancelled. `ioc`: at the next bar's open "
            "or not at all, market and limit orders only."
        ),
    ] = "day"
    reduce_only: Annotated[
        bool, Field(description="Whether it only closes: it never opens or turns a position, whatever its quantity.")
    ] = False

    @property
    def sign(self) -> int:
        """1 of a buy, −1 of a sell."""
        return 1 if self.side == "buy" else -1


class PlacedOrder(Ordered):
    """An order as it is placed. Prices are dollars, `trail` is a fraction, `quantity` shares."""

    symbol: Symbol

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_prices(self.kind, {name: getattr(self, name) for name in _PRICES})
        if self.time_in_force == "ioc" and self.kind not in ("market", "limit"):
            raise ValueError(f"timeInForce ioc: a {self.kind} order waits for its price; use day or gtc")
        if self.stop_loss is not None and self.stop_loss_trail is not None:
            raise ValueError("stopLoss and stopLossTrail exclude each other: give one")
        if self.has_exits and self.reduce_only:
            raise ValueError("takeProfit and stopLoss: a reduceOnly order opens no position that they could close")
        return self


def check_prices(kind: OrderKind, prices: dict[str, float | None]) -> None:
    """Check that an order of `kind` has the prices that it needs, and no other.

    Raises:
        ValueError: one is missing, or one too many.
    """
    needed = _NEEDS[kind]
    for name in _PRICES:
        if name in needed and prices[name] is None:
            raise ValueError(f"{name} is missing: a {kind} order needs {' and '.join(needed)}")
        if name not in needed and prices[name] is not None:
            fitting = " or ".join(each for each, has in _NEEDS.items() if name in has)
            raise ValueError(f"{name}: a {kind} order has none; for one with a {name}, kind is {fitting}")


class Order(Wire):
    """An order and what has become of it."""

    order_id: str
    number: Annotated[int, Field(ge=1, description="Position among the portfolio's orders: 1, 2, 3 …")]
    parent: Annotated[str | None, Field(description="Of an exit of a bracket: the order that it closes.")] = None
    terms: Ordered
    status: OrderStatus
    filled: Annotated[float, Field(description="Shares that have filled.")] = 0.0
    value: Annotated[float, Field(description="Dollars that were paid or received for them, before commission.")] = 0.0
    triggered: Annotated[bool, Field(description="Of a stop: whether its price was reached.")] = False
    best: Annotated[float | None, Field(description="Of a trailing stop: the best price so far, in dollars.")] = None
    placed_at: Annotated[int, Field(description="Milliseconds since 1970 UTC.")]
    active_from: Annotated[
        int, Field(description="It fills in bars that start then or later; milliseconds since 1970 UTC.")
    ]
    expires_at: Annotated[
        int | None, Field(description="The end of the session with which a `day` order ends; else null.")
    ] = None
    reason: Annotated[str | None, Field(description="Why it was cancelled or rejected.")] = None
    content: Annotated[str, Field(description="Digest of what was ordered first, by which it is known again.")] = ""

    @property
    def is_open(self) -> bool:
        """Whether it may still fill."""
        return self.status in OPEN

    @property
    def sign(self) -> int:
        """1 of a buy, −1 of a sell."""
        return self.terms.sign

    @property
    def remaining(self) -> float:
        """Shares that have not filled."""
        return self.terms.quantity - self.filled
