"""The statement of an account: its trades, and cash, shares and equity at each bar's close."""

from dataclasses import dataclass
from functools import cached_property

from tickfold.engine.accounting.holdings import Holdings
from tickfold.engine.accounting.trades import OpenTrade, Trades
from tickfold.engine.arrays import Floats
from tickfold.engine.lanes import total


@dataclass(frozen=True, eq=False)
class Statement:
    """The result of an account.

    Attributes:
        capital: dollars at the start.
        trades: the closed trades.
        open_trade: the position held at the end, if any.
        holdings: cash and shares after each fill.
        equity: cash plus shares at the close, in dollars, shape (bars,).
        slippage_cost: dollars by which spread and slippage made fills worse, the open trade's entry included.
        sequential_bars: bars that had to be decided in sequence, since cash did not pay for an order.
    """

    capital: float
    trades: Trades
    open_trade: OpenTrade | None
    holdings: Holdings
    equity: Floats
    slippage_cost: float
    sequential_bars: int

    @property
    def commissions(self) -> float:
        """Dollars, the entry of the open trade included."""
        return total(self.trades.commission) + (self.open_trade.commission if self.open_trade else 0.0)

    @property
    def cash(self) -> Floats:
        """Dollars at each bar's close, shape (bars,)."""
        return self._at_closes[0]

    @property
    def shares(self) -> Floats:
        """Shares held at each bar's close, negative when short, shape (bars,)."""
        return self._at_closes[1]

    @cached_property
    def _at_closes(self) -> tuple[Floats, Floats]:
        return self.holdings.at_closes(len(self.equity))
