"""Indicators against pandas, and their independence of where the array begins."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from tickfold.engine.bars import Bars, decimals_of
from tickfold.engine.signal import HOLD, LONG, SHORT
from tickfold.indicators import crosses, rolling_sum


@pytest.mark.parametrize("window", [1, 2, 3, 7, 8, 30, 200])
def test_rolling_sum_is_pandas_rolling_sum(goog: Bars, window: int) -> None:
    expected = pd.Series(goog.close).rolling(window).sum().to_numpy()
    assert_allclose(rolling_sum(goog.close, window), expected, rtol=1e-12)


def test_rolling_sum_of_fewer_values_than_its_window_is_undefined() -> None:
    assert np.isnan(rolling_sum(np.ones(4), 5)).all()


@given(st.lists(st.floats(0.01, 1e6), min_size=2, max_size=80), st.integers(1, 20), st.integers(0, 60))
def test_rolling_sum_has_the_same_bits_wherever_the_array_begins(values: list[float], window: int, begin: int) -> None:
    whole = rolling_sum(np.array(values), window)
    part = rolling_sum(np.array(values[begin:]), window)
    assert_array_equal(part[window - 1 :], whole[begin + window - 1 :])


def test_a_cross_is_strict_on_both_bars() -> None:
    first = np.array([1.0, 3.0, 2.0, 1.0, 2.0, 3.0, 1.0, np.nan, 3.0])
    second = np.full(9, 2.0)
    expected = [HOLD, LONG, HOLD, HOLD, HOLD, HOLD, SHORT, HOLD, HOLD]
    assert crosses(first, second).tolist() == expected


@pytest.mark.parametrize(
    ("prices", "decimals"),
    [([1, 2, 3], 0), ([1.5, 2.25], 2), ([100.1, 0.0001], 4), ([1 / 3], None), ([0.1 + 0.2], None)],
)
def test_decimals_of_prices(prices: list[float], decimals: int | None) -> None:
    assert decimals_of(np.array(prices)) == decimals
