"""Exits: when, at what price and why each kind ends a position, worked out by hand."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from tests.engine.decisions.prices import Row, daily, mirrored
from tickfold.engine.arrays import NONE
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.entries import NEXT_OPEN, SAME_CLOSE, Fills, MarketFill
from tickfold.engine.decisions.exit_search import find_exits
from tickfold.engine.decisions.exits import (
    EXITS,
    REASONS,
    Exit,
    MaxBars,
    PriceWindow,
    StopLoss,
    TakeProfit,
    TrailingStop,
)
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.signal_events import NEVER

QUIET: Row = (100, 101, 99, 100)
SIDES = pytest.mark.parametrize("side", [1, -1])


def ended(
    *rows: Row,
    exits: tuple[Exit, ...] = (),
    side: int = 1,
    intrabar: bool = False,
    until: int = NEVER,
    fill: MarketFill = NEXT_OPEN,
) -> tuple[int, float, str]:
    """Return exit bar, price and reason of a position opened at 100 in the first of `rows`."""
    bars = daily(QUIET, *rows)
    bars = bars if side > 0 else mirrored(bars, 100)
    fills = Fills(np.array([1]), np.array([100.0]), np.array([0]), np.array([intrabar]), np.array([NONE]))
    sides = np.array([side], dtype=np.int8)
    found = find_exits(bars, sides, fills, np.array([until]), Orders(fill=fill, exits=exits))
    price = float(found.price[0])
    return int(found.bar[0]), round(price if side > 0 else 200 - price, 9), REASONS[found.reason[0]]


@SIDES
@pytest.mark.parametrize(
    ("row", "price"),
    [
        ((99, 100, 95, 97), 95),  # touched
        ((99, 100, 90, 97), 95),  # traded through
        ((93, 100, 90, 97), 93),  # opened beyond
    ],
)
def test_stop_loss_ends_at_its_level_or_at_a_worse_open(row: Row, price: float, side: int) -> None:
    assert ended(QUIET, row, exits=(StopLoss(0.05),), side=side) == (2, price, "stop_loss")


@SIDES
@pytest.mark.parametrize(
    ("row", "price"), [((99, 105, 99, 99), 105), ((99, 110, 99, 99), 105), ((107, 110, 99, 99), 107)]
)
def test_take_profit_ends_at_its_level_or_at_a_better_open(row: Row, price: float, side: int) -> None:
    assert ended(QUIET, row, exits=(TakeProfit(0.05),), side=side) == (2, price, "take_profit")


def test_price_exit_works_from_the_entry_bar() -> None:
    assert ended((100, 101, 95, 97), exits=(StopLoss(0.05),)) == (1, 95, "stop_loss")
    assert ended((100, 105, 99, 97), exits=(TakeProfit(0.05),)) == (1, 105, "take_profit")


def test_price_exit_after_an_intrabar_entry_sees_the_entry_bars_worst_price_only() -> None:
    """The bar's open and its best price may lie before the entry; a later low cannot be told from an earlier one."""
    assert ended((100, 120, 99, 97), QUIET, exits=(TakeProfit(0.05),), intrabar=True)[0] == NONE
    assert ended((110, 120, 95, 97), exits=(StopLoss(0.05), TakeProfit(0.05)), intrabar=True) == (1, 95, "stop_loss")
    assert ended((90, 101, 90, 97), exits=(StopLoss(0.05),), intrabar=True) == (1, 95, "stop_loss")


@SIDES
def test_trailing_stop_follows_the_best_price_of_earlier_bars(side: int) -> None:
    rising = [(100.0, 110.0, 100.0, 108.0), (108.0, 120.0, 107.0, 119.0), (119.0, 119.0, 110.0, 112.0)]
    bar, price, reason = ended(*rising, exits=(TrailingStop(0.05),), side=side)
    assert (bar, reason) == (3, "trailing_stop")
    # A long trails 5 % below 120; a short, mirrored around 100, 5 % above 80.
    assert price == (114 if side > 0 else 200 - 80 * 1.05)


def test_trailing_stop_ignores_its_bars_own_best_price() -> None:
    assert ended((100, 120, 100, 118), (118, 119, 115, 118), exits=(TrailingStop(0.05),))[0] == NONE
    assert ended((100, 120, 95, 118), exits=(TrailingStop(0.05),)) == (1, 95, "trailing_stop")


def test_trailing_stop_does_not_trail_an_entry_bars_best_price_before_the_entry() -> None:
    """With 120 in the entry bar its level would be 114, which the next bar trades through."""
    assert ended((110, 120, 99, 100), QUIET, exits=(TrailingStop(0.05),), intrabar=True)[0] == NONE


def test_trailing_stop_remembers_the_best_price_over_many_bars() -> None:
    quiet = (118.0, 119.0, 117.0, 118.0)
    rows = [(100.0, 120.0, 100.0, 118.0), *[quiet] * 200, (118.0, 118.0, 110.0, 112.0)]
    assert ended(*rows, exits=(TrailingStop(0.05),)) == (202, 114, "trailing_stop")


@pytest.mark.parametrize(
    ("exits", "price", "reason"),
    [
        ((StopLoss(0.05), TrailingStop(0.1)), 95, "stop_loss"),
        ((StopLoss(0.1), TrailingStop(0.05)), 95, "trailing_stop"),
        ((StopLoss(0.05), TrailingStop(0.05)), 95, "stop_loss"),
    ],
)
def test_nearer_stop_ends_the_position_and_the_first_of_two_that_tie(
    exits: tuple[Exit, ...], price: float, reason: str
) -> None:
    assert ended((100, 100, 80, 85), exits=exits) == (1, price, reason)


@pytest.mark.parametrize(
    ("row", "price", "reason"),
    [
        ((100, 106, 94, 100), 95, "stop_loss"),
        ((106, 107, 94, 100), 106, "take_profit"),  # the open is the bar's first price
        ((105, 107, 94, 100), 105, "take_profit"),
        ((94, 106, 94, 100), 94, "stop_loss"),
    ],
)
def test_stop_comes_before_target_unless_the_bar_opens_past_the_target(row: Row, price: float, reason: str) -> None:
    assert ended(QUIET, row, exits=(StopLoss(0.05), TakeProfit(0.05))) == (2, price, reason)


@pytest.mark.parametrize(("fill", "bar", "price"), [(NEXT_OPEN, 4, 104), (SAME_CLOSE, 3, 133)])
def test_signal_and_max_bars_close_with_a_market_order(fill: MarketFill, bar: int, price: float) -> None:
    rows = [(100.0 + n, 150.0, 50.0, 130.0 + n) for n in range(1, 6)]
    assert ended(*rows, until=3, fill=fill) == (bar, price, "signal")
    assert ended(*rows, exits=(MaxBars(3),), fill=fill) == (bar, price, "max_bars")


@pytest.mark.parametrize(("until", "bar", "reason"), [(2, 3, "signal"), (3, 4, "signal"), (4, 4, "max_bars")])
def test_signal_comes_before_max_bars_at_the_same_close(until: int, bar: int, reason: str) -> None:
    found = ended(*[QUIET] * 6, exits=(MaxBars(3),), until=until)
    assert (found[0], found[2]) == (bar, reason)


@pytest.mark.parametrize(("until", "reason"), [(3, "stop_loss"), (2, "stop_loss"), (1, "signal")])
def test_price_exit_precedes_a_market_exit_decided_at_its_bars_close(until: int, reason: str) -> None:
    assert ended(QUIET, (100, 100, 90, 100), QUIET, QUIET, exits=(StopLoss(0.05),), until=until)[2] == reason


@pytest.mark.parametrize(("fill", "last"), [(NEXT_OPEN, NONE), (SAME_CLOSE, 3)])
def test_market_exit_decided_at_the_last_bar_fills_at_its_close_only(fill: MarketFill, last: int) -> None:
    found = ended(QUIET, QUIET, QUIET, until=3, fill=fill)
    assert (found[0], found[2]) == (last, "open" if last == NONE else "signal")


def test_order_that_did_not_fill_has_no_exit() -> None:
    bars: Bars = daily(QUIET, (100, 100, 50, 100), QUIET)
    unfilled = Fills(np.array([NONE]), np.array([100.0]), np.array([0]), np.array([False]), np.array([NONE]))
    orders = Orders(exits=(StopLoss(0.05), MaxBars(1)))
    found = find_exits(bars, np.array([1], dtype=np.int8), unfilled, np.array([1]), orders)
    assert (found.bar[0], found.reason[0]) == (NONE, 0)


@pytest.mark.parametrize("kind", EXITS)
def test_exit_kind_has_the_reason_of_its_name(kind: type[Exit]) -> None:
    assert REASONS[kind.reason] == kind.name


def test_price_window_carries_the_best_price_over_once() -> None:
    best_so_far = np.array([10.0, 20.0])
    window = PriceWindow(
        1, np.array([0, 1]), np.array([[10.0], [20.0]]), np.array([[12.0, 11.0, 13.0]] * 2), best_so_far
    )
    first, second = window.best_before, window.best_before
    assert_array_equal(first, [[10, 12, 12], [20, 20, 20]])
    assert_array_equal(second, first)
    assert_array_equal(best_so_far, [13, 20])
