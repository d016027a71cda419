"""The terms of a run's orders as plain values, as a request states them: what the reference and the peer work from."""

from dataclasses import dataclass

from tickfold.engine.decisions.entries import MARKET_ENTRY, LimitEntry
from tickfold.engine.decisions.exits import EXITS
from tickfold.engine.decisions.orders import MARKET_FILLS, Orders
from tickfold.engine.decisions.terms import Direction, Fill


@dataclass(frozen=True)
class OrderTerms:
    """Distances are fractions of a price, times are bars; None: the run has no such term."""

    direction: Direction = "both"
    fill: Fill = "open"
    limit: float | None = None
    limit_bars: int | None = None
    stop_loss: float | None = None
    take_profit: float | None = None
    trailing_stop: float | None = None
    max_bars: int | None = None

    @property
    def orders(self) -> Orders:
        exits = [(kind, getattr(self, kind.name)) for kind in EXITS]
        return Orders(
            direction=self.direction,
            fill=MARKET_FILLS[self.fill],
            entry=MARKET_ENTRY if self.limit is None else LimitEntry(self.limit, self.limit_bars),
            exits=tuple(kind(value) for kind, value in exits if value is not None),
        )
