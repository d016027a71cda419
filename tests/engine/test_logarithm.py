"""Logarithms and powers against decimal arithmetic, and bit by bit for any block."""

import math
from decimal import Context, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from tests.engine.random_runs import PROPERTY
from tickfold.engine.arrays import Floats
from tickfold.engine.logarithm import log1p, log_ratio, log_returns
from tickfold.engine.powers import compound, compound_deviation, expm1, whole_power

EXACT = Context(prec=60)
TWO_ULPS = 2**-51
COUNT = 1_000


def exact_log(after: float, before: float) -> Decimal:
    return EXACT.ln(EXACT.divide(Decimal(after), Decimal(before)))


def assert_close(found: Floats, exact: list[Decimal]) -> None:
    for one, other in zip(found.tolist(), exact, strict=True):
        assert abs(EXACT.subtract(Decimal(one), other)) <= abs(EXACT.multiply(other, Decimal(TWO_ULPS)))


def assert_ratio_close(after: Floats, before: Floats) -> None:
    exact = [exact_log(a, b) for a, b in zip(after.tolist(), before.tolist(), strict=True)]
    assert_close(log_ratio(after, before), exact)


@pytest.mark.parametrize("deviation", [1e-16, 1e-9, 1e-4, 2e-3, 5e-3, 0.1, 1.0, 300.0])
def test_log_ratio_is_within_two_ulps(deviation: float) -> None:
    rng = np.random.default_rng(1)
    before = 10.0 ** rng.uniform(-100, 100, COUNT)
    assert_ratio_close(before * np.exp(np.clip(rng.normal(size=COUNT) * deviation, -400, 400)), before)


def test_log_ratio_where_the_series_changes_is_within_two_ulps() -> None:
    before = np.linspace(1.0, 2.0, COUNT)
    limit = 2.0**-8  # of 2 (a − b) / (a + b)
    after = before * (1 + limit / 2 * np.linspace(0.999, 1.001, COUNT)) / (1 - limit / 2)
    assert_ratio_close(after, before)
    root = np.sqrt(2.0) * np.linspace(0.999, 1.001, COUNT)
    assert_ratio_close(root, np.ones(COUNT))
    assert_ratio_close(np.ones(COUNT), root)


def test_log_ratio_of_extremes_is_within_two_ulps() -> None:
    tiny, huge = math.ulp(0.0), np.finfo(np.float64).max
    values = [tiny, 2 * tiny, 999 * tiny, 1_000 * tiny, 1e-310, 1.0, 0.999 * huge, math.nextafter(huge, 0), huge]
    after, before = np.array([(a, b) for a in values for b in values]).T
    assert_ratio_close(after, before)


@PROPERTY
@given(st.integers(0, 1_000), st.integers(1, 300), st.integers(0, 300))
def test_log_ratio_of_an_element_is_the_same_in_any_block(seed: int, count: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    before = 10.0 ** rng.uniform(-5, 307, count)
    after = before * np.exp(rng.normal(size=count) * 10.0 ** rng.integers(-6, 1, count))
    whole = log_ratio(after, before)
    assert (
        whole.tobytes()
        == log_ratio(after[:cut], before[:cut]).tobytes() + log_ratio(after[cut:], before[cut:]).tobytes()
    )
    assert [float(log_ratio(after[:1], before[:1])[0])] == whole[:1].tolist()


def test_log_ratio_of_a_long_array_is_that_of_its_elements() -> None:
    prices = 100 * np.exp(np.cumsum(np.random.default_rng(3).normal(size=40_000) * 1e-3))
    whole = log_ratio(prices[1:], prices[:-1])
    for at in (0, 16_382, 16_383, 16_384, 32_768, 39_998):
        assert whole[at] == log_ratio(prices[at + 1 : at + 2], prices[at : at + 1])[0]
    assert_close(
        whole[::97], [exact_log(a, b) for a, b in zip(prices[1::97].tolist(), prices[:-1:97].tolist(), strict=True)]
    )


@pytest.mark.parametrize("deviation", [1e-17, 1e-8, 1e-3, 0.3, 1e9])
def test_log1p_is_within_two_ulps(deviation: float) -> None:
    fraction = np.random.default_rng(4).normal(size=COUNT) * deviation
    fraction = np.append(fraction[fraction > -1], [math.nextafter(-1, 0), 0.0])
    assert_close(log1p(fraction), [EXACT.ln(EXACT.add(Decimal(each), Decimal(1))) for each in fraction.tolist()])


def test_log_returns_begin_with_zero_or_on_the_price_before() -> None:
    prices = np.array([100.0, 110.0, 55.0])
    whole = log_returns(prices)
    assert whole[0] == 0
    assert whole[1:] == pytest.approx([math.log(1.1), math.log(0.5)], rel=1e-15)
    assert_array_equal(log_returns(prices[1:], before=100.0), whole[1:])
    assert log_returns(np.empty(0)).tolist() == []


def test_compound_of_known_powers_is_exact() -> None:
    assert compound(2.0, 10) == 1_023
    assert [whole_power(2.0, exponent) for exponent in range(5)] == [1, 2, 4, 8, 16]
    assert whole_power(13 / 14, 93) == pytest.approx(float(Fraction(13 / 14) ** 93), rel=1e-14)
    assert compound(4.0, -0.5) == -0.5
    assert compound(1.5, 2) == 1.25
    assert compound(1.0, 252) == 0
    assert compound(2.0, 1e6) == math.inf
    assert compound(2.0, -1e6) == -1
    assert compound(1 + 2.0**-52, 1) == 2.0**-52


def test_compound_deviation_of_equal_returns_is_exactly_zero() -> None:
    assert compound_deviation(1.001, 0.0, 252) == 0
    assert compound_deviation(2.0, 0.0, 1e6) == 0
    assert math.isnan(compound_deviation(1.001, math.nan, 252))


@pytest.mark.parametrize(("growth", "variance", "periods"), [(1.001, 1e-4, 252), (0.99, 0.25, 12), (1.5, 1e-16, 365)])
def test_compound_deviation_is_the_formula(growth: float, variance: float, periods: int) -> None:
    g, v = Decimal(growth), Decimal(variance)
    exact = EXACT.sqrt(EXACT.subtract(EXACT.power(v + g * g, periods), EXACT.power(g, 2 * periods)))
    assert compound_deviation(growth, variance, periods) == pytest.approx(float(exact), rel=1e-15)


def test_expm1_is_e_to_the_power_less_one() -> None:
    assert expm1(0.0) == 0
    assert expm1(1.0) == 1.7182818284590453
    assert expm1(1e-20) == 1e-20
    assert expm1(1e6) == math.inf
