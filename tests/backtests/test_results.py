"""Curves that are thinned for messages, and metrics as JSON has them."""

import numpy as np
import pytest

from tickfold.backtests import results


@pytest.mark.parametrize(("count", "points"), [(1, 1), (10, 10), (11, 6), (100, 11)])
def test_a_thinned_curve_keeps_its_first_and_last_point(count: int, points: int) -> None:
    timestamp, close = np.arange(count) * 60_000_000, np.random.default_rng(1).random(count)
    thinned = results.thin(timestamp, close, 10)
    assert len(thinned) == points
    assert thinned[0] == (0, close[0])
    assert thinned[-1] == ((count - 1) * 60_000, close[-1])


def test_undefined_metrics_are_none() -> None:
    found = results.defined({"sharpe": float("nan"), "sqn": float("inf"), "trades": 0.0, "beta": -1.5})
    assert found == {"sharpe": None, "sqn": None, "trades": 0.0, "beta": -1.5}
