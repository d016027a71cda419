"""A portfolio that tests trade in: commands by short names, bars minute by minute, and a journal of what they did."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tickfold.market_data.feed.minute_bar import FeedBar, MinuteBar
from tickfold.portfolios import placing
from tickfold.portfolios.journal import apply, blank
from tickfold.portfolios.matching import advance
from tickfold.portfolios.placing import Moment
from tickfold.portfolios.times import MINUTE, milliseconds
from tickfold.protocol.journal import JournalEntry, JournalEvent, Quote
from tickfold.protocol.portfolio_orders import PlacedOrder
from tickfold.protocol.portfolios import ChangeOrder, CreatePortfolio, Portfolio

NINE_THIRTY = datetime(2026, 1, 30, 14, 30, tzinfo=UTC)
CLOSE = datetime(2026, 1, 30, 21, 0, tzinfo=UTC)


class Trading:
    """Each command is an entry of the journal. Orders fill from the bar on that follows the last one."""

    def __init__(self, cash: float = 10_000.0, **request: Any) -> None:
        self.time = NINE_THIRTY
        self.close = 100.0
        self.number = 0
        self.journal: list[JournalEntry] = []
        self.heads: list[Portfolio] = []
        self.portfolio: Portfolio = blank("growth-1")
        self.write(placing.opened("growth-1", "ada", CreatePortfolio(name="growth", cash=cash, **request)))

    def write(self, events: list[JournalEvent]) -> list[JournalEvent]:
        """Append an entry, as it is read from the table."""
        if not events:
            return []
        entry = JournalEntry(
            sequence=self.portfolio.revision + 1, portfolio=self.portfolio.portfolio, time=0, by="ada", events=events
        )
        self.journal.append(JournalEntry.model_validate_json(entry.model_dump_json(by_alias=True)))
        self.portfolio = apply(self.portfolio, self.journal[-1])
        self.heads.append(self.portfolio)
        return events

    @property
    def moment(self) -> Moment:
        """The close of the last bar."""
        now, start = milliseconds(self.time), milliseconds(self.time) - MINUTE
        return Moment(now, now, milliseconds(CLOSE), Quote(time=start, number=self.number, close=self.close))

    def place(self, order_id: str, side: str, quantity: float, **terms: Any) -> list[JournalEvent]:
        order = PlacedOrder.model_validate({"symbol": "GOOG", "side": side, "quantity": quantity, **terms})
        return self.write(placing.placed(self.portfolio, order_id, order, self.moment))

    def change(self, order_id: str, **terms: Any) -> list[JournalEvent]:
        request = ChangeOrder(portfolio="growth", order_id=order_id, **terms)
        return self.write(placing.changed(self.portfolio, request, self.moment.now))

    def cancel(self, order_id: str) -> list[JournalEvent]:
        return self.write(placing.cancelled(self.portfolio, order_id))

    def bar(self, open_: float, high: float, low: float, close: float, volume: float = 1_000.0) -> list[JournalEvent]:
        """See the next minute of GOOG."""
        self.number += 1
        bar = FeedBar(self.number, MinuteBar(self.time, open_, high, low, close, volume), None, None, "test")
        events = self.write(advance(self.portfolio, "GOOG", bar))
        self.time += timedelta(minutes=1)
        self.close = close
        return events


def told(events: list[JournalEvent]) -> list[str]:
    """Return events in short words, but for the bar."""
    return [_words(event) for event in events if event.type != "bar"]


def _words(event: Any) -> str:
    match event.type:
        case "fill":
            return f"{event.order_id} {event.side} {event.quantity:g} at {event.price:g}"
        case "order_placed":
            return f"{event.order.order_id} placed"
        case "limit_breached":
            return f"{event.limit} breached"
        case kind:
            return f"{getattr(event, 'order_id', '')} {kind.removeprefix('order_')}".strip()
