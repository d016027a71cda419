"""Trends: the direction and size of a move since the close before."""

from datetime import UTC, datetime

import pytest

from tickfold.market_data.providers.provider import Quote
from tickfold.market_data.trends import Trend, trend_of

NOW = datetime(2026, 1, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("price", "before", "change", "direction"), [(101.5, 100, 1.5, "up"), (98, 100, -2, "down"), (100, 100, 0, "flat")]
)
def test_trend_is_the_move_since_the_close_before(price: float, before: float, change: float, direction: str) -> None:
    quote = Quote("SPY", price, None, None, before, NOW)
    assert trend_of(quote) == Trend(price, change, direction)  # type: ignore[arg-type]


@pytest.mark.parametrize("before", [None, 0.0])
def test_trend_without_a_close_before_is_unknown(before: float | None) -> None:
    assert trend_of(Quote("SPY", 100, None, None, before, NOW)) is None
