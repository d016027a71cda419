"""Trades: positions with their quantities and costs, from entry to exit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self, overload

import numpy as np

from tickfold.engine.arrays import ArrayRecord, Floats, Ints, Rows, Sides
from tickfold.engine.decisions.exits import REASONS


@dataclass(frozen=True)
class Trade:
    """A position from entry to exit, whole.

    Attributes:
        side: 1 long, −1 short.
        quantity: shares.
        entry_bar: counted from the run's first bar, as `exit_bar` is.
        entry_price: dollars per share paid or received, spread and slippage included, as in `exit_price`.
        commission: dollars, of entry and exit.
        reason: number in `tickfold.engine.decisions.exits.REASONS`.
    """

    side: int
    quantity: float
    entry_bar: int
    entry_price: float
    exit_bar: int
    exit_price: float
    commission: float
    reason: int

    @property
    def pnl(self) -> float:
        """Profit or loss after commission, in dollars."""
        return self.side * self.quantity * (self.exit_price - self.entry_price) - self.commission

    @property
    def trade_return(self) -> float:
        """`pnl` over the value at entry, a fraction."""
        return self.pnl / (self.quantity * self.entry_price)

    @property
    def exit_reason(self) -> str:
        """The name of the reason."""
        return REASONS[self.reason]


@dataclass(frozen=True, eq=False)
class Trades(ArrayRecord, Sequence[Trade]):
    """Closed trades in the order of their exits, as parallel arrays; the fields are those of `Trade`.

    Also a sequence of `Trade`. A run of a million bars has tens of thousands, so metrics use the arrays.
    """

    side: Sides
    quantity: Floats
    entry_bar: Ints
    entry_price: Floats
    exit_bar: Ints
    exit_price: Floats
    commission: Floats
    reason: Sides

    @property
    def pnl(self) -> Floats:
        """Profits and losses after commission, in dollars."""
        return self.side * self.quantity * (self.exit_price - self.entry_price) - self.commission

    @property
    def trade_return(self) -> Floats:
        """`pnl` over the value at entry, fractions."""
        return self.pnl / (self.quantity * self.entry_price)

    def later(self, bars: int) -> Self:
        """Return these trades with their bars counted from `bars` bars earlier."""
        return replace(self, entry_bar=self.entry_bar + bars, exit_bar=self.exit_bar + bars)

    @overload
    def __getitem__(self, at: int) -> Trade: ...
    @overload
    def __getitem__(self, at: Rows) -> Self: ...
    def __getitem__(self, at: int | Rows) -> Trade | Self:
        if isinstance(at, slice | np.ndarray):
            return super().__getitem__(at)
        return Trade(*(getattr(self, name)[at].item() for name in self.columns()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class OpenTrade:
    """A position that is still held; fields as in `Trade`, `commission` that of the entry."""

    side: int
    quantity: float
    entry_bar: int
    entry_price: float
    commission: float
