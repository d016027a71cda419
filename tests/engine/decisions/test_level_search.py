"""Fixed levels: visiting the bars in turn finds what a plain loop over the bars of each position finds, bit for bit."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from tests.engine.random_runs import random_bars
from tickfold.engine.arrays import NONE, Ints, Sides
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.entries import Fills
from tickfold.engine.decisions.exit_search import Closings, find_exits
from tickfold.engine.decisions.exits import STOP_LOSS, TAKE_PROFIT, StopLoss, TakeProfit, TrailingStop
from tickfold.engine.decisions.level_search import REACH, first_outside, in_turn
from tickfold.engine.decisions.orders import Orders

BEYOND = 10**9
"""A bar after every run's last: the market order that it decides never fills."""


@dataclass(frozen=True)
class Held:
    """Positions that follow one another, each from its entry bar to `final`, of which some are filled inside a bar."""

    bars: Bars
    side: Sides
    fills: Fills
    final: Ints
    stop_loss: float | None
    take_profit: float | None

    @property
    def orders(self) -> Orders:
        stops = [StopLoss(self.stop_loss)] if self.stop_loss is not None else []
        targets = [TakeProfit(self.take_profit)] if self.take_profit is not None else []
        return Orders(exits=(*stops, *targets))

    def found(self) -> Closings:
        return find_exits(self.bars, self.side, self.fills, self.final, self.orders)

    def found_by_scan(self) -> Closings:
        """Positions that are there twice do not follow one another."""
        fills = Fills.concatenate([self.fills, self.fills])
        return find_exits(self.bars, np.tile(self.side, 2), fills, np.tile(self.final, 2), self.orders)

    def looped(self, at: int) -> tuple[int, float, int] | None:
        """Return bar, price and reason of one position's stop or target; None where it reaches neither."""
        side, entry, bars = int(self.side[at]), float(self.fills.price[at]), self.bars
        stop = side * entry * (1 - side * self.stop_loss) if self.stop_loss is not None else -np.inf
        target = side * entry * (1 + side * self.take_profit) if self.take_profit is not None else np.inf
        for bar in range(int(self.fills.bar[at]), min(int(self.final[at]), len(bars) - 1) + 1):
            open_, low, high = (side * float(prices[bar]) for prices in (bars.open, bars.low, bars.high))
            worst, best = (low, high) if side > 0 else (high, low)
            inside = bool(self.fills.intrabar[at]) and bar == self.fills.bar[at]
            if open_ >= target and not inside:
                return bar, side * open_, TAKE_PROFIT
            if worst <= stop:
                return bar, side * (stop if inside else min(open_, stop)), STOP_LOSS
            if best >= target and not inside:
                return bar, side * target, TAKE_PROFIT
        return None


@st.composite
def held(draw: st.DrawFn) -> Held:
    """Ranges of one bar to several times `REACH`, adjacent or apart, at entry prices of the bars; some scaled far."""
    seed, count = draw(st.integers(0, 10_000)), draw(st.integers(2, 8 * REACH))
    series = random_bars(seed, count, draw(st.sampled_from([1, 8])), on_grid=draw(st.booleans()))
    scale = draw(st.sampled_from([1.0, 2.0**-1000, 2.0**900]))
    prices = {name: getattr(series, name) * scale for name in ("open", "high", "low", "close")}
    bars = Bars(series.timestamp, **prices, volume=series.volume)
    rng = np.random.default_rng(seed)
    edges = np.flatnonzero(rng.random(count) < draw(st.sampled_from([0.005, 0.05, 0.5, 1.0])))
    first = np.append(0, edges[edges > 0])
    final = np.append(first[1:] - 1, draw(st.sampled_from([count - 1, BEYOND])))
    final = final - (rng.random(len(first)) < 0.3) * np.minimum(final - first, 3)  # bars without a position
    side = rng.choice(np.array([1, -1], dtype=np.int8), len(first))
    intrabar = rng.random(len(first)) < draw(st.sampled_from([0.0, 0.0, 0.3]))
    fills = Fills(first, bars.open[first], first - 1, intrabar, np.full(len(first), NONE))
    distance = st.sampled_from([0.0, 0.02, 0.1, 0.5])
    stop_loss, take_profit = draw(
        st.one_of(st.tuples(distance, distance), st.tuples(distance, st.none()), st.tuples(st.none(), distance))
    )
    return Held(bars, side, fills, final, stop_loss, take_profit)


@given(held())
def test_fixed_levels_equal_a_loop_over_the_bars(run: Held) -> None:
    found = run.found()
    for at in range(len(run.side)):
        expected = run.looped(at)
        if expected is not None:
            assert (found.bar[at], found.price[at], found.reason[at]) == expected
        else:
            assert found.reason[at] not in (STOP_LOSS, TAKE_PROFIT)


@given(held())
def test_fixed_levels_visited_in_turn_equal_the_scan(run: Held) -> None:
    found, scanned = run.found(), run.found_by_scan()
    for name in Closings.columns():
        assert_array_equal(np.tile(getattr(found, name), 2), getattr(scanned, name))


@pytest.mark.parametrize(
    ("start", "stop", "follow"),
    [
        ([], [], False),
        ([3], [9], True),
        ([0, 4], [4, 5], True),
        ([0, 4], [5, 6], False),  # share a bar
        ([4, 0], [5, 1], False),  # out of order
        ([0, 7], [1, 8], True),  # a quarter of eight bars
        ([0, 8], [1, 9], False),
    ],
)
def test_in_turn_ranges_follow_one_another_closely(start: list[int], stop: list[int], follow: bool) -> None:
    assert in_turn(np.array(start, dtype=np.int64), np.array(stop, dtype=np.int64)) is follow


def test_first_outside_ignores_bars_between_ranges() -> None:
    prices = np.array([5.0, 5.0, 1.0, 9.0, 5.0, 1.0, 5.0, 9.0])
    bars = Bars(np.arange(8), prices, prices, prices, prices, prices)
    below, above = np.array([1.0, 1.0, 0.0]), np.array([9.0, 10.0, 9.0])
    found = first_outside(bars, below, above, np.array([0, 3, 6]), np.array([2, 5, 8]))
    assert found.tolist() == [NONE, NONE, 7]


def test_orders_levels_are_fixed_without_a_trailing_stop() -> None:
    assert Orders(exits=(StopLoss(0.1), TakeProfit(0.1))).fixed_levels
    assert not Orders(exits=(StopLoss(0.1), TrailingStop(0.1))).fixed_levels
