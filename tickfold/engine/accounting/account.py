"""The account: capital, costs and position sizes."""

from dataclasses import dataclass
from typing import Literal

SizingKind = Literal["fraction", "cash", "shares", "volatility"]


@dataclass(frozen=True)
class Commission:
    """The commission per fill: `fixed` + `per_share` · shares + `relative` · value, at least `minimum`.

    `relative` is a fraction, the others are dollars. Entries and exits pay it alike.
    """

    relative: float = 0.0
    per_share: float = 0.0
    fixed: float = 0.0
    minimum: float = 0.0


@dataclass(frozen=True)
class Sizing:
    """The size of an entry order, commission included; never more than the cash pays for.

    `value` is, by `kind`:
        fraction: the fraction of the cash, which is all equity, since at most one position is held.
        cash: dollars.
        shares: shares.
        volatility: the position's target volatility per year, a fraction. The order uses `value` / volatility of the
            price over the last `bars` bars, at most 1, of the cash.
    """

    kind: SizingKind = "fraction"
    value: float = 1.0
    bars: int = 20


@dataclass(frozen=True)
class Account:
    """The terms of an account.

    Attributes:
        capital: cash at the start, in dollars.
        commission: per fill.
        spread: fraction of the price. Market entries pay it: a long entry costs price × (1 + spread), a short entry
            brings price × (1 − spread).
        slippage: fraction of the price by which market and stop orders fill worse, at entry and exit. Limit orders pay
            neither spread nor slippage.
        sizing: of entry orders.
        fractional_shares: whether quantities need not be whole.
        close_at_end: whether to close an open trade at the last bar: at its open, or at its close where market orders
            fill at the close.
    """

    capital: float
    commission: Commission = Commission()
    spread: float = 0.0
    slippage: float = 0.0
    sizing: Sizing = Sizing()
    fractional_shares: bool = False
    close_at_end: bool = True
