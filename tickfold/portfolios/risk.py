"""Risk: the limits of a portfolio, on what is ordered and on what is lost."""

from datetime import time
from typing import Protocol

from tickfold.errors import RunError, TryLaterError
from tickfold.portfolios.portfolio import equity, exposure, held
from tickfold.portfolios.times import MINUTE, time_of
from tickfold.protocol.formats import counted, money, short_percent
from tickfold.protocol.journal import LimitKind, RiskLimits
from tickfold.protocol.portfolio_orders import Order, Ordered
from tickfold.protocol.portfolios import Portfolio
from tickfold.protocol.spelling import suggestion


class LossLimits(Protocol):
    """Limits on what is lost, as fractions; None: none."""

    @property
    def daily_loss(self) -> float | None: ...

    @property
    def drawdown(self) -> float | None: ...


def breach(portfolio: Portfolio) -> tuple[LimitKind, str] | None:
    """Return the limit that an active portfolio's losses breach, and why; None if none."""
    if portfolio.status != "active":
        return None
    worth = equity(portfolio)
    if worth <= 0 and portfolio.deposits > 0:
        return "equity", f"no equity is left: it is ${money(worth)}"
    return loss(worth, portfolio.limits, day_start=portfolio.day_start_equity, peak=portfolio.peak_equity)


def loss(worth: float, limits: LossLimits, *, day_start: float, peak: float) -> tuple[LimitKind, str] | None:
    """Return the limit that is breached by an equity of `worth` dollars, after those before it, and why."""
    measured: list[tuple[LimitKind, float | None, float, str]] = [
        ("daily_loss", limits.daily_loss, day_start, "the day's start"),
        ("drawdown", limits.drawdown, peak, "the peak"),
    ]
    for kind, limit, before, since in measured:
        if limit is not None and worth < before * (1 - limit):
            lost = short_percent(round((before - worth) / before, 6))
            return kind, f"equity ${money(worth)} is {lost} below ${money(before)} at {since}; the limit is " + (
                short_percent(limit)
            )
    return None


def check_order(portfolio: Portfolio, terms: Ordered, price: float, now: int) -> None:
    """Check an order at about `price` dollars a share, placed `now`, in milliseconds since 1970 UTC.

    What only closes a position is bound by nothing but the rate: risk is never in its way.

    Raises:
        RunError: it would breach a limit, or the portfolio is paused; one reason says which, and what would do.
    """
    limits = portfolio.limits
    _check_rate(portfolio, limits, now)
    if terms.reduce_only:
        return
    if portfolio.status != "active":
        raise RunError(
            f"{portfolio.name} is {portfolio.status} ({portfolio.reason}): only reduceOnly orders are taken; "
            f"`tickfold portfolio lift {portfolio.name}` lets it trade again",
            "conflict",
        )
    if limits.symbols is not None and terms.symbol not in limits.symbols:
        allowed = ", ".join(limits.symbols) or "none"
        raise RunError(
            f"{portfolio.name} may not trade {terms.symbol}{suggestion(terms.symbol, limits.symbols)}: "
            f"its limits allow {allowed}",
            "limit",
        )
    _check_hours(limits, now)
    _check_amounts(portfolio, terms, price)


def check_hours(hours: tuple[str, str] | None) -> None:
    """Check hours that a person sets.

    Raises:
        RunError: they are no times of a day in order.
    """
    if hours:
        start, end = map(_time, hours)
        if start >= end:
            raise RunError(f"hours {hours[0]} to {hours[1]}: the first is not before the second (UTC)")


def within(hours: tuple[str, str] | None, now: int) -> bool:
    """Return whether `now`, in milliseconds since 1970 UTC, is within the hours of a day."""
    return hours is None or _time(hours[0]) <= time_of(now).time() < _time(hours[1])


def _check_rate(portfolio: Portfolio, limits: RiskLimits, now: int) -> None:
    recent = sum(1 for placed in portfolio.recent_orders if placed > now - MINUTE)
    if limits.orders_a_minute is not None and recent >= limits.orders_a_minute:
        raise TryLaterError(
            f"{portfolio.name} placed {counted(recent, 'order')} within the last minute, which is its limit; try later",
            MINUTE // 1_000,
        )


def _check_hours(limits: RiskLimits, now: int) -> None:
    if limits.hours and not within(limits.hours, now):
        start, end = limits.hours
        raise RunError(f"orders may be placed from {start} to {end} UTC, and it is {time_of(now):%H:%M}", "limit")


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise RunError(f"hours: {text!r} is no time of a day; expected one such as 14:30 (UTC)") from None


def _check_amounts(portfolio: Portfolio, terms: Ordered, price: float) -> None:
    limits, value = portfolio.limits, terms.quantity * price
    _check("order", "an order", value, limits.order)
    pending = [each for each in portfolio.orders.values() if not each.terms.reduce_only]
    same = sum(each.remaining for each in pending if each.terms.symbol == terms.symbol and each.sign == terms.sign)
    reached = abs(held(portfolio, terms.symbol) + terms.sign * (same + terms.quantity)) * price
    _check("position", f"the position in {terms.symbol}", reached, limits.position)
    others = sum(each.remaining * _price(portfolio, each) for each in pending)
    opened = max(value - _closed(portfolio, terms, price), 0.0)
    _check("exposure", "all positions", exposure(portfolio) + others + opened, limits.exposure)


def _closed(portfolio: Portfolio, terms: Ordered, price: float) -> float:
    """Return the value of what an order closes before it opens, twice: it leaves the exposure, and adds none."""
    holding = held(portfolio, terms.symbol)
    against = holding < 0 if terms.side == "buy" else holding > 0
    return 2 * min(abs(holding), terms.quantity) * price if against else 0.0


def _price(portfolio: Portfolio, order: Order) -> float:
    return order.terms.limit or order.terms.stop or portfolio.quotes[order.terms.symbol].close


def _check(name: str, what: str, value: float, limit: float | None) -> None:
    if limit is not None and value > limit:
        raise RunError(f"{what} would be worth ${money(value)}, and the limit ({name}) is ${money(limit)}", "limit")
