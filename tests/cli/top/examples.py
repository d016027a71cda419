"""A market and a portfolio to look at: bars, entries of a journal, and the state that follows."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tickfold.cli.top.state import TopState
from tickfold.client import Bar
from tickfold.portfolios.journal import blank
from tickfold.protocol import Alert, BotSummary, FeedSymbol
from tickfold.protocol.journal import (
    AccountTerms,
    Allocated,
    BarSeen,
    BotStep,
    Deposit,
    Fill,
    JournalEntry,
    Opened,
    OrderPlaced,
    Quote,
    RiskLimits,
)
from tickfold.protocol.portfolio_orders import Order, Ordered

OPEN = datetime(2026, 1, 30, 14, 30, tzinfo=UTC)
"""A Friday's open in New York."""
MINUTE = timedelta(minutes=1)


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: datetime = OPEN + 3 * MINUTE) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def symbol(name: str = "GOOG", market: Any = "XNYS") -> FeedSymbol:
    return FeedSymbol(
        symbol=name, market=market, timeframe="1m", last_bar=None, sequence=0, provider=None, quarantined=0
    )


def bar(number: int, close: float = 100.0, *, time: datetime | None = None) -> Bar:
    return Bar(number, time or OPEN + (number - 1) * MINUTE, 100.0, close, close, close, 1_000.0, None, None)


def milliseconds(time: datetime) -> int:
    return round(time.timestamp() * 1_000)


def entry(number: int, *events: Any, portfolio: str = "p-1") -> JournalEntry:
    return JournalEntry(portfolio=portfolio, sequence=number, time=0, by="user", events=list(events))


def opened(name: str, cash: float, portfolio: str = "p-1") -> JournalEntry:
    head = Opened(portfolio=portfolio, owner="ada", name=name, terms=AccountTerms(), limits=RiskLimits())
    return entry(1, head, Deposit(amount=cash), portfolio=portfolio)


def placed(order_id: str, quantity: float, side: Any = "buy", name: str = "GOOG", number: int = 1) -> OrderPlaced:
    order = Order(
        order_id=order_id,
        number=number,
        parent=None,
        terms=Ordered(symbol=name, side=side, quantity=quantity),
        status="working",
        placed_at=0,
        active_from=0,
    )
    return OrderPlaced(order=order, quote=Quote(time=milliseconds(OPEN), number=1, close=100.0))


def filled(order_id: str, quantity: float, price: float, side: Any = "buy", name: str = "GOOG") -> Fill:
    return Fill(
        order_id=order_id,
        symbol=name,
        side=side,
        quantity=quantity,
        price=price,
        market_price=price,
        commission=0.0,
        time=milliseconds(OPEN + MINUTE),
    )


def seen(close: float, name: str = "GOOG", at: datetime = OPEN + MINUTE, **bots: float) -> BarSeen:
    return BarSeen(symbol=name, time=milliseconds(at), number=2, high=close, low=close, close=close, bots=bots)


def allocated(bot: str = "cross", amount: float = 1_000.0) -> Allocated:
    return Allocated(bot=bot, symbol="GOOG", amount=amount)


def step(what: Any, **more: Any) -> BotStep:
    return BotStep(bot="cross", symbol="GOOG", time=milliseconds(OPEN + MINUTE), what=what, **more)


def summary(bot: str, status: Any, reason: str | None = None) -> BotSummary:
    return BotSummary(
        bot=bot,
        symbol="GOOG",
        strategy="sma_cross",
        status=status,
        reason=reason,
        capital=1_000,
        equity=950,
        profit=-50,
        cash=950,
        shares=0,
        trades=3,
        last_bar=None,
    )


def alert(name: str, minute: int, title: str = "GOOG above 100.00") -> Alert:
    at = milliseconds(OPEN + minute * MINUTE)
    return Alert(alert_id=name, rule_id="r1", kind="price", title=title, text="It is 101.", at=at)


def state_of(*entries: JournalEntry, clock: Clock | None = None) -> TopState:
    """Return the state after these entries of journals from the first on."""
    state = TopState(clock or Clock())
    for each in entries:
        if each.sequence == 1:
            state.set_portfolio(blank(each.portfolio))
        assert state.add_entry(each)
    state.is_complete = True
    return state
