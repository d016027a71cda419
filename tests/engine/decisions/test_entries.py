"""Entry orders: where and at what price each kind fills, worked out by hand."""

import numpy as np
import pytest

from tests.engine.decisions.prices import Row, daily, mirrored
from tickfold.engine.arrays import NONE
from tickfold.engine.decisions.entries import (
    MARKET_ENTRY,
    NEXT_OPEN,
    SAME_CLOSE,
    Fills,
    LimitEntry,
    MarketFill,
    PlacedOrders,
)
from tickfold.engine.decisions.signal_events import NEVER

STEADY = daily((10, 12, 9, 11), (20, 22, 19, 21), (30, 32, 29, 31))


def placed(*decided: int, side: int = 1, until: int = NEVER) -> PlacedOrders:
    """Return orders placed at the closes of the bars `decided`, which are 100."""
    count = len(decided)
    sides = np.full(count, side, dtype=np.int8)
    return PlacedOrders(np.array(decided), np.full(count, 100.0), sides, np.full(count, until))


@pytest.mark.parametrize(
    ("market", "bars", "prices"),
    [(NEXT_OPEN, [1, 2, NONE], [20, 30]), (SAME_CLOSE, [0, 1, 2], [11, 21, 31])],
)
def test_market_entry_fills_where_market_orders_fill(market: MarketFill, bars: list[int], prices: list[float]) -> None:
    fills = MARKET_ENTRY.fill(STEADY, placed(0, 1, 2), market)
    assert fills.bar.tolist() == bars
    assert fills.price[: len(prices)].tolist() == prices
    assert fills.since.tolist() == [0, 1, 2]
    assert not fills.intrabar.any()
    assert fills.expired.tolist() == [NONE] * 3


DECIDED: Row = (100, 100, 100, 100)


def limit_fill(*rows: Row, side: int = 1, bars: int | None = None, until: int = NEVER) -> Fills:
    """Return the fill of a limit order an eighth better than the close of 100."""
    market = daily(DECIDED, *rows)
    market = market if side > 0 else mirrored(market, 100)
    return LimitEntry(0.125, bars).fill(market, placed(0, side=side, until=until), NEXT_OPEN)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("row", "price", "intrabar"),
    [
        ((95, 97, 87.5, 96), 87.5, True),  # touched
        ((95, 97, 80, 96), 87.5, True),  # traded through
        ((85, 97, 80, 96), 85, False),  # the open is better than the limit
        ((87.5, 97, 87.5, 96), 87.5, False),  # the open is the limit
    ],
)
def test_limit_entry_fills_at_the_limit_or_at_a_better_open(row: Row, price: float, intrabar: bool, side: int) -> None:
    fills = limit_fill((99, 99, 91, 98), row, side=side)
    assert (fills.bar[0], fills.since[0]) == (2, 1)
    assert fills.price[0] == pytest.approx(price if side > 0 else 200 - price, rel=1e-15)
    assert fills.intrabar[0] == intrabar
    assert fills.expired[0] == NONE


def test_limit_entry_does_not_fill_in_the_bar_that_decided() -> None:
    fills = LimitEntry(0.125).fill(daily((100, 100, 50, 100), DECIDED), placed(0), NEXT_OPEN)
    assert fills.bar.tolist() == [NONE]


@pytest.mark.parametrize(
    ("bars", "until", "bar", "expired"),
    [
        (None, NEVER, 3, NONE),
        (3, NEVER, 3, NONE),
        (2, NEVER, NONE, 2),
        (None, 2, NONE, 2),
        (3, 1, NONE, 1),
        (1, 3, NONE, 1),
    ],
)
def test_limit_entry_expires_after_its_bars_or_when_the_target_changes(
    bars: int | None, until: int, bar: int, expired: int
) -> None:
    high, low = (99.0, 99.0, 95.0, 98.0), (99.0, 99.0, 87.5, 98.0)
    fills = limit_fill(high, high, low, bars=bars, until=until)
    assert (fills.bar[0], fills.expired[0]) == (bar, expired)


@pytest.mark.parametrize(("bars", "expired"), [(3, 3), (4, NONE)])
def test_limit_entry_expires_within_the_known_bars_only(bars: int, expired: int) -> None:
    high = (99.0, 99.0, 95.0, 98.0)
    assert limit_fill(high, high, high, bars=bars).expired[0] == expired


def test_limit_entry_is_found_in_distant_bars() -> None:
    high, low = (99.0, 99.0, 95.0, 98.0), (99.0, 99.0, 87.5, 98.0)
    fills = limit_fill(*[high] * 100, low)
    assert (fills.bar[0], fills.since[0]) == (101, 100)
