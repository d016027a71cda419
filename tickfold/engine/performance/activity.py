"""Activity: how long an account held positions, what its fills were worth and cost, in a pass over its trades."""

from dataclasses import dataclass, field

import numpy as np

from tickfold.engine.accounting.trades import OpenTrade, Trades
from tickfold.engine.arrays import NONE
from tickfold.engine.lanes import Lanes


@dataclass(frozen=True)
class ActivityFigures:
    """Bars with a position, dollars of all fills, and dollars of commissions; the open trade included."""

    bars_held: int = 0
    value_filled: float = 0.0
    commissions: float = 0.0

    def __add__(self, other: "ActivityFigures") -> "ActivityFigures":
        """Return the figures of two accounts."""
        return ActivityFigures(
            self.bars_held + other.bars_held,
            self.value_filled + other.value_filled,
            self.commissions + other.commissions,
        )


@dataclass
class Activity:
    """The sums over an account's closed trades, in the order of their exits.

    Attributes:
        bars_held: bars with a position, entry and exit bars included.
        last_exit: the last trade's exit bar, which the next may share.
        value_filled: dollars of entries and exits.
        commissions: dollars.
    """

    bars_held: int = 0
    last_exit: int = NONE
    value_filled: Lanes = field(default_factory=Lanes)
    commissions: Lanes = field(default_factory=Lanes)

    def update(self, trades: Trades) -> None:
        """Pass over the next trades."""
        if not len(trades):
            return
        shared = np.count_nonzero(trades.entry_bar[1:] == trades.exit_bar[:-1])  # the bar of a reversal
        shared += int(trades.entry_bar[0] == self.last_exit)
        self.bars_held += int((trades.exit_bar - trades.entry_bar + 1).sum() - shared)
        self.last_exit = int(trades.exit_bar[-1])
        self.value_filled.add(trades.entry_price + trades.exit_price, trades.quantity)
        self.commissions.add(trades.commission)

    def figures(self, open_trade: OpenTrade | None, bars: int) -> ActivityFigures:
        """Return the figures of a run that ends here, after `bars` bars."""
        held, filled, commissions = self.bars_held, self.value_filled.total(), self.commissions.total()
        if open_trade is None:
            return ActivityFigures(held, filled, commissions)
        return ActivityFigures(
            bars_held=held + bars - open_trade.entry_bar - int(open_trade.entry_bar == self.last_exit),
            value_filled=filled + open_trade.quantity * open_trade.entry_price,
            commissions=commissions + open_trade.commission,
        )
