"""Sums in lanes: the same bits as a plain loop, for any cut into blocks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from tests.engine.random_runs import PROPERTY
from tickfold.engine.arrays import Floats
from tickfold.engine.lanes import LANES, Lanes, total


def magnitudes(seed: int, count: int) -> Floats:
    """Values of any magnitude and sign, from subnormals to 1e300, zeros of both signs among them."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=count) * 10.0 ** rng.integers(-320, 300, count)
    values[rng.random(count) < 0.1] = 0.0
    values[rng.random(count) < 0.1] = -0.0
    return values


def loop(values: list[float]) -> list[float]:
    lanes = [0.0] * LANES
    for number, value in enumerate(values):
        lanes[number % LANES] += value
    return lanes


@pytest.mark.parametrize("count", [0, 1, LANES - 1, LANES, LANES + 1, 3 * LANES + 7, 16_384, 16_385, 40_000])
def test_lanes_equal_a_plain_loop(count: int) -> None:
    values = magnitudes(count, count)
    lanes = Lanes()
    lanes.add(values)
    assert lanes.values.tolist() == loop(values.tolist())
    assert lanes.count == count


@PROPERTY
@given(st.integers(0, 1_000), st.integers(0, 2_000), st.lists(st.integers(0, 2_000), max_size=20))
def test_lanes_any_cut_gives_the_same_bits(seed: int, count: int, cuts: list[int]) -> None:
    values, factors = magnitudes(seed, count), np.random.default_rng(seed).normal(size=count)
    whole, pieces = Lanes(), Lanes()
    whole.add(values, factors)
    for start, stop in pairwise([0, *sorted(min(cut, count) for cut in cuts), count]):
        pieces.add(values[start:stop], factors[start:stop])
    assert pieces.values.tobytes() == whole.values.tobytes()
    assert pieces.total() == whole.total() == total(values * factors)


def test_total_adds_lanes_by_halves() -> None:
    lanes = Lanes(LANES, magnitudes(1, LANES))
    sums = lanes.values.tolist()
    while len(sums) > 1:
        half = len(sums) // 2
        sums = [sums[at] + sums[half + at] for at in range(half)]
    assert [lanes.total()] == sums


def test_total_is_within_rounding_of_the_exact_sum() -> None:
    values = np.random.default_rng(2).random(100_000)
    assert total(values) == pytest.approx(float(sum(map(int, (values * 2.0**53).tolist()))) / 2.0**53, rel=1e-15)


def test_lanes_do_not_change_their_values() -> None:
    values = np.arange(1_000.0)
    Lanes().add(values, 2.0)
    assert_array_equal(values, np.arange(1_000.0))
