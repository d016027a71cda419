"""The account: its capital, what trading costs it, and how large its positions are."""

from dataclasses import dataclass
from typing import Literal

SizingKind = Literal["fraction", "cash", "shares", "volatility"]


@dataclass(frozen=True)
class Commission:
    """What a fill costs: `fixed` + `per_share` · shares + `relative` · value, and `minimum` at least.

    `relative` is a fraction, the others are dollars. Each fill pays it, of an entry as of an exit.
    """

    relative: float = 0.0
    per_share: float = 0.0
    fixed: float = 0.0
    minimum: float = 0.0


@dataclass(frozen=True)
class Sizing:
    """How much an order buys or sells short, commission included; never more than the cash pays for.

    fraction: that fraction of the cash (which is all equity, since only one position is held). cash: that many dollars.
    shares: that many shares. volatility: the fraction of the cash with which the position's yearly volatility is that
    `value`, 1 at most; the price's volatility is that of the last `bars` bars, at the close that decided.
    """

    kind: SizingKind = "fraction"
    value: float = 1.0
    bars: int = 20


@dataclass(frozen=True)
class Account:
    """How the account trades.

    `capital` is the cash at the start in dollars. `spread` is a fraction of the price, paid by market orders on entry:
    a long entry costs price × (1 + spread), a short entry brings price × (1 − spread). `slippage`, a fraction too,
    makes every market and stop fill worse, exits as well. Limit orders and take profits are filled at their price or a
    better one, and pay neither. `close_at_end` closes an open trade at the last bar: at its open, or at its close where
    orders are filled at the close.
    """

    capital: float
    commission: Commission = Commission()
    spread: float = 0.0
    slippage: float = 0.0
    sizing: Sizing = Sizing()
    fractional_shares: bool = False
    close_at_end: bool = True
