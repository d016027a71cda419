"""What the bars before a block leave to it: the target position, and what is ordered or held for it.

Bars count from the run's first. Everything else that decisions depend on is in the block itself.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class WorkingOrder:
    """An entry order that has not been filled: the bar at whose close it was placed, and that close in dollars."""

    decided: int
    close: float


@dataclass(frozen=True)
class OpenPosition:
    """A position that is held.

    Attributes:
        side: 1 long, −1 short.
        entry_bar: the bar of the fill.
        entry_price: market price in dollars, before spread and slippage.
        since: the bar from whose close the position counts.
        best: the best price since the entry, as far as a trailing stop looks at it; negated for shorts.
    """

    side: int
    entry_bar: int
    entry_price: float
    since: int
    best: float


@dataclass(frozen=True)
class Carried:
    """The state of the position automaton between two bars, given what the account has really opened.

    Attributes:
        bars: how many bars there were.
        target: the target side: 1 long, 0 flat, −1 short.
        order: the target's entry order, while it waits for its fill.
        position: the position that is held. If its side is not the target's, its exit fills at the next bar.
    """

    bars: int = 0
    target: int = 0
    order: WorkingOrder | None = None
    position: OpenPosition | None = None
