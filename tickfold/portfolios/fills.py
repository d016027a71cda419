"""Paper fills: at which price a bar fills an order, and what that costs, by the rules and functions of backtests.

docs/explanation/portfolio-orders.md has the rules. `sign` is 1 of a buy and −1 of a sell, so that each rule is written
once for both.
"""

import numpy as np

from tickfold.engine.accounting.account import Account, Commission
from tickfold.engine.accounting.block_posting import entry_price, exit_price, fee
from tickfold.engine.decisions.orders import Orders
from tickfold.market_data.feed.minute_bar import MinuteBar
from tickfold.protocol.journal import AccountTerms
from tickfold.protocol.portfolio_orders import Order

_AT_MARKET = Orders()


def stop_level(order: Order) -> float | None:
    """Return the price that triggers a stop, as of the bars before; None of other orders, and once it was reached."""
    if order.triggered:
        return None
    if order.terms.kind == "trailing_stop" and order.best is not None and order.terms.trail is not None:
        return order.best * (1 + order.sign * order.terms.trail)
    return order.terms.stop


def at_open(order: Order, bar: MinuteBar) -> float | None:
    """Return the market price at which `order` fills at the open of `bar`; None if it does not."""
    sign, stop, limit = order.sign, stop_level(order), order.terms.limit
    if stop is not None and sign * bar.open < sign * stop:
        return None
    if limit is not None and sign * bar.open > sign * limit:
        return None
    return bar.open


def triggers_at_open(order: Order, bar: MinuteBar) -> bool:
    """Return whether the open of `bar` reaches the price of a stop."""
    stop = stop_level(order)
    return stop is not None and order.sign * bar.open >= order.sign * stop


def triggers_inside(order: Order, bar: MinuteBar) -> bool:
    """Return whether the prices of `bar` reach the price of a stop."""
    stop = stop_level(order)
    return stop is not None and order.sign * _worst(order, bar) >= order.sign * stop


def inside(order: Order, bar: MinuteBar) -> float | None:
    """Return the market price at which `order` fills after the open of `bar`; None if it does not.

    A stop-limit order whose stop is reached inside a bar fills there at the stop, if the limit allows it; it does not
    reach a better limit, since the bar does not say whether that price came before or after.
    """
    sign, stop, limit = order.sign, stop_level(order), order.terms.limit
    if stop is not None:
        allowed = limit is None or sign * stop <= sign * limit
        return stop if triggers_inside(order, bar) and allowed else None
    if limit is not None and sign * _best(order, bar) <= sign * limit:
        return limit
    return None


def _worst(order: Order, bar: MinuteBar) -> float:
    return bar.high if order.sign > 0 else bar.low


def _best(order: Order, bar: MinuteBar) -> float:
    return bar.low if order.sign > 0 else bar.high


def price_of(order: Order, market: float, terms: AccountTerms, *, opens: bool) -> float:
    """Return what is paid or received for a share at the `market` price; `opens` says that it opens a position.

    Limit orders pay neither spread nor slippage. Others pay slippage, and the spread where they open.
    """
    if order.terms.limit is not None:
        return market
    price, account = np.array([market]), account_of(terms)
    if opens:
        return float(entry_price(price, np.array([order.sign], dtype=np.int8), account, _AT_MARKET)[0])
    return float(exit_price(price, np.array([-order.sign], dtype=np.int8), account)[0])


def commission_of(quantity: float, price: float, terms: AccountTerms) -> float:
    """Return the commission of a fill, in dollars."""
    charged = fee(account_of(terms).commission, np.array([quantity]), np.array([quantity * price]))
    return float(charged[0])


def account_of(terms: AccountTerms) -> Account:
    """Return the engine's account of a portfolio's terms; its capital is the portfolio's own, and 0 here."""
    charged = terms.commission
    return Account(
        capital=0.0,
        commission=Commission(charged.relative, charged.per_share, charged.fixed, charged.minimum),
        spread=terms.spread,
        slippage=terms.slippage,
        fractional_shares=terms.fractional_shares,
    )
