"""Trends of the market: how far the indices have moved since the close of the session before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tickfold.market_data.providers.provider import Quote

INDICES: Final[Mapping[str, str]] = {"sp500": "SPY", "nasdaq100": "QQQ", "dow": "DIA"}
"""The fund that stands for each index: every provider has its price, and few have that of an index."""

Direction = Literal["up", "down", "flat"]


@dataclass(frozen=True)
class Trend:
    """The move of an index: `change_percent` is in percent, 1.5 for 1.5 %."""

    current_price: float
    change_percent: float
    trend: Direction


def trend_of(quote: Quote) -> Trend | None:
    """Return the move since the close before; None where the provider does not say that."""
    if not quote.previous_close:
        return None
    change = 100 * (quote.price / quote.previous_close - 1)
    direction: Direction = "up" if change > 0 else "down" if change < 0 else "flat"
    return Trend(quote.price, round(change, 4), direction)
