"""The statement of an account: its trades, and cash, shares and equity at each bar's close."""

from dataclasses import dataclass

from tickfold.engine.accounting.trades import OpenTrade, Trades
from tickfold.engine.arrays import Floats


@dataclass(frozen=True, eq=False)
class Statement:
    """The result of an account.

    Attributes:
        capital: dollars at the start.
        trades: the closed trades.
        open_trade: the position held at the end, if any.
        cash: dollars at each bar's close, shape (bars,).
        shares: shares held at each bar's close, negative when short, shape (bars,).
        equity: cash plus shares at the close, in dollars, shape (bars,).
        commissions: dollars, the entry of the open trade included.
        slippage_cost: dollars by which spread and slippage made fills worse, the open trade's entry included.
        sequential_bars: bars that had to be decided in sequence, since cash did not pay for an order.
    """

    capital: float
    trades: Trades
    open_trade: OpenTrade | None
    cash: Floats
    shares: Floats
    equity: Floats
    commissions: float
    slippage_cost: float
    sequential_bars: int
