"""Matching: what a bar does to a portfolio: orders that it fills, triggers and ends, and limits that it breaches.

Within a bar, orders of one symbol fill in this order:

1. At the open, in the order of their placing: market orders, and whatever the open is past.
2. Inside the bar, stops before limit orders, the nearest to the open first. Where a bar does not say which price came
   first, the worse reading applies, as in backtests.
3. At the close, `day` orders of a session that is over end.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tickfold.market_data.feed.minute_bar import FeedBar
from tickfold.portfolios import fills, risk
from tickfold.portfolios import order as orders
from tickfold.portfolios.portfolio import available, held
from tickfold.portfolios.position import after_fill
from tickfold.portfolios.step import Step
from tickfold.portfolios.times import MINUTE, milliseconds
from tickfold.protocol.formats import money
from tickfold.protocol.journal import (
    BarSeen,
    Fill,
    JournalEvent,
    LimitBreached,
    OrderExpired,
    OrderRejected,
    OrderTriggered,
)
from tickfold.protocol.portfolio_orders import Order
from tickfold.protocol.portfolios import Portfolio

NO_BOTS: Final[Mapping[str, float]] = MappingProxyType({})


def advance(portfolio: Portfolio, symbol: str, bar: FeedBar, bots: Mapping[str, float] = NO_BOTS) -> list[JournalEvent]:
    """Return what the next bar of `symbol` does to a portfolio: nothing, if the portfolio has seen it already.

    `bots` has the equity of each bot that has stepped on the bar. Bars come in their order; one that was left out is
    never made up for, since what it would have filled is unknown.
    """
    seen = portfolio.quotes.get(symbol)
    if seen and milliseconds(bar.bar.time) <= seen.time:
        return []
    return _Matching(portfolio, symbol, bar).carry_out(bots)


class _Matching:
    """One bar's work on a portfolio."""

    def __init__(self, portfolio: Portfolio, symbol: str, stored: FeedBar) -> None:
        self._step = Step(portfolio)
        self._symbol, self._stored, self._bar = symbol, stored, stored.bar
        self._time = milliseconds(stored.bar.time)
        share = portfolio.terms.participation
        self._volume = math.inf if share is None else share * stored.bar.volume
        if not portfolio.terms.fractional_shares and share is not None:
            self._volume = math.floor(self._volume)

    def carry_out(self, bots: Mapping[str, float]) -> list[JournalEvent]:
        self._expire(self._time)
        self._at_open()
        self._inside()
        self._expire(self._time + MINUTE)
        self._mark(bots)
        return self._step.events

    # --- the parts of a bar -------------------------------------------------------------------------------------------

    def _expire(self, until: int) -> None:
        """End the orders whose session was over by then."""
        for order in self._working():
            if order.expires_at is not None and order.expires_at <= until:
                self._step.end(OrderExpired(order_id=order.order_id))

    def _at_open(self) -> None:
        tried = set[str]()
        while order := next((each for each in self._eligible() if each.order_id not in tried), None):
            tried.add(order.order_id)  # exits of a bracket join when their order fills
            self._fill(order, fills.at_open(order, self._bar), inside=False)
            if order.terms.time_in_force == "ioc" and (left := self._open(order)):
                self._step.cancel(left, "what could not fill at once is cancelled (ioc)")
            elif (left := self._open(order)) and fills.triggers_at_open(left, self._bar):
                self._trigger(left)

    def _inside(self) -> None:
        """Fill what the bar's prices reach after its open; what an order releases here looks at later bars."""
        for order in sorted(self._eligible(), key=self._turn):
            if (current := self._open(order)) is None:
                continue
            self._fill(current, fills.inside(current, self._bar), inside=True)
            if (left := self._open(order)) and fills.triggers_inside(left, self._bar):
                self._trigger(left)

    def _turn(self, order: Order) -> tuple[bool, float, int]:
        stop = fills.stop_level(order)
        level = stop if stop is not None else order.terms.limit
        distance = 0.0 if level is None else abs(level - self._bar.open)
        return stop is None, distance, order.number

    def _mark(self, bots: Mapping[str, float]) -> None:
        """Record the bar, and the limit that it breaches."""
        bar, step = self._bar, self._step
        step.record(
            BarSeen(
                symbol=self._symbol,
                time=self._time,
                number=self._stored.sequence,
                high=bar.high,
                low=bar.low,
                close=bar.close,
                bots=dict(bots),
            )
        )
        if breach := risk.breach(step.portfolio):
            kind, reason = breach
            step.record(LimitBreached(limit=kind, reason=reason))
            # What closes positions stays: to cancel a stop would leave them unprotected.
            step.cancel_all(f"the portfolio was paused: {reason}", closing_too=False)

    # --- one fill -----------------------------------------------------------------------------------------------------

    def _fill(self, order: Order, market: float | None, *, inside: bool) -> None:
        """Fill as much of an order as the position and the volume allow, at the `market` price."""
        if market is None:
            return
        quantity, holding = order.remaining, held(self._step.portfolio, self._symbol)
        closable = abs(holding) if holding * order.sign < 0 else 0.0
        if order.terms.reduce_only:
            quantity = min(quantity, closable)
        if quantity == 0:
            self._step.cancel(order, "there is no position that it could close")
            return
        quantity = min(quantity, self._volume)
        if quantity == 0:  # the bar has no volume left
            return
        closing = min(quantity, closable)
        if closing:
            self._post(order, closing, market, opens=False, inside=inside)
        if quantity > closing:
            self._open_position(order, quantity - closing, market, inside=inside)
        self._end_what_follows(order)
        if inside:
            self._stop_at_once(order)

    def _open_position(self, order: Order, quantity: float, market: float, *, inside: bool) -> None:
        """Open or add to a position, if there is the cash; else reject what is left of the order."""
        portfolio = self._step.portfolio
        price = fills.price_of(order, market, portfolio.terms, opens=True)
        cost = quantity * price + fills.commission_of(quantity, price, portfolio.terms)
        if cost > (left := available(portfolio)):
            self._step.end(OrderRejected(order_id=order.order_id, reason=lacks(cost, left)))
        else:
            self._post(order, quantity, market, opens=True, inside=inside)

    def _post(self, order: Order, quantity: float, market: float, *, opens: bool, inside: bool) -> None:
        portfolio = self._step.portfolio
        price = fills.price_of(order, market, portfolio.terms, opens=opens)
        _, realised = after_fill(portfolio.positions.get(self._symbol), order.sign * quantity, price)
        self._volume -= quantity
        self._step.record(
            Fill(
                order_id=order.order_id,
                symbol=self._symbol,
                side=order.terms.side,
                quantity=quantity,
                price=price,
                market_price=market,
                commission=fills.commission_of(quantity, price, portfolio.terms),
                realised=realised,
                time=self._time,
                inside=inside,
            )
        )

    def _end_what_follows(self, filled: Order) -> None:
        """End what a fill leaves without a purpose: the other exit, the rest of its order, exits of no position."""
        self._end_entry(filled)
        if self._open(filled) is None:
            for each in orders.siblings(filled, self._step.portfolio.orders):
                self._step.cancel(each, "the other exit of the bracket has filled")
        if not held(self._step.portfolio, self._symbol):
            for order in self._working():
                if order.terms.reduce_only:
                    self._step.cancel(order, "its position is closed")

    def _trigger(self, order: Order) -> None:
        """Note that the price of a stop was reached without a fill."""
        self._step.record(OrderTriggered(order_id=order.order_id))
        self._end_entry(order)

    def _end_entry(self, leg: Order) -> None:
        """Cancel what is left of the order whose exit `leg` has begun to close the position."""
        if leg.parent and (entry := self._step.portfolio.orders.get(leg.parent)):
            self._step.cancel(entry, "an exit of its bracket was reached")

    def _stop_at_once(self, filled: Order) -> None:
        """Let the stop of a bracket end a position in the bar inside which it was opened: the worse reading."""
        for leg in orders.children(filled, self._step.portfolio.orders):
            level = fills.stop_level(leg)
            if leg.active_from > self._time and level is not None and fills.triggers_inside(leg, self._bar):
                self._fill(leg, level, inside=True)

    # --- which orders -------------------------------------------------------------------------------------------------

    def _working(self) -> list[Order]:
        mine = orders.in_turn(self._step.portfolio.orders)
        return [each for each in mine if each.terms.symbol == self._symbol and each.status == "working"]

    def _eligible(self) -> list[Order]:
        return [each for each in self._working() if each.active_from <= self._time]

    def _open(self, order: Order) -> Order | None:
        """Return the order as it is now, None if it has ended."""
        return self._step.portfolio.orders.get(order.order_id)


def lacks(cost: float, left: float) -> str:
    """Return why an order is not paid for."""
    return (
        f"it costs ${money(cost)}, commission included, and ${money(left)} are available: "
        "order less, deposit more, or close positions"
    )
