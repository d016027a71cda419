"""Orders: how what a strategy asks for is carried out, and when a position ends without being asked to.

The engine decides all of it, from bars alone and never from cash; docs/explanation/orders.md states the rules.
"""

from dataclasses import dataclass
from typing import Final, Literal

Direction = Literal["both", "long", "short"]
Fill = Literal["open", "close"]

NONE: Final = -1
"""A bar that is not there: the order is not filled, or the position not closed, within the bars that are known."""

REASONS: Final = ("open", "signal", "stop_loss", "trailing_stop", "take_profit", "max_bars", "end", "ruin", "unfilled")
"""Why a position ended, by number; an order that was never filled ends too."""
SIGNAL, STOP_LOSS, TRAILING_STOP, TAKE_PROFIT, MAX_BARS, END, RUIN, UNFILLED = range(1, len(REASONS))


@dataclass(frozen=True)
class Orders:
    """The terms of every order. Distances are fractions of a price, times are bars; None: there is no such term.

    `direction` is the side that may be held. `fill` says where market orders are filled: at the next bar's open, or at
    the close that decided. With `limit` an entry is a limit order, so far on the better side of the close that decided;
    it lives for `limit_bars` bars, or until the strategy asks for something else. `stop_loss` and `take_profit` are
    distances from the market price at entry, `trailing_stop` is one from the best price since. `max_bars` is the
    longest time that a position is held.
    """

    direction: Direction = "both"
    fill: Fill = "open"
    limit: float | None = None
    limit_bars: int | None = None
    stop_loss: float | None = None
    take_profit: float | None = None
    trailing_stop: float | None = None
    max_bars: int | None = None

    @property
    def within_bars(self) -> bool:
        """Whether a position may end inside a bar, where its high and low reach."""
        return not (self.stop_loss is None and self.take_profit is None and self.trailing_stop is None)

    @property
    def one_position_a_wish(self) -> bool:
        """Whether each wish for a side makes just one position, which lasts until another side is asked for."""
        return self.limit is None and self.max_bars is None and not self.within_bars
